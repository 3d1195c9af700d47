"""ARM resource ids: `/subscriptions/{s}/resourceGroups/{g}/providers/{namespace}/{type}/{name}[/{type}/{name}…]`."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

_HEAD = ("subscriptions", "resourcegroups", "providers")
_SEGMENTS_BEFORE_TYPES = 6


@dataclass(frozen=True)
class ResourceId:
    """A parsed ARM id. Equal ids compare equal whatever their letter case, as ARM itself compares them.

    Attributes:
        subscription: subscription id (a GUID).
        resource_group: resource group name.
        namespace: resource provider, such as `Microsoft.MachineLearningServices`.
        path: pairs of type and name from the outermost to the resource itself.
    """

    subscription: str
    resource_group: str
    namespace: str
    path: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> ResourceId:
        """Parse `text`; raise ValueError with what is wrong when it is not an ARM resource id."""
        parts = text.strip("/").split("/")
        head = tuple(part.lower() for part in parts[0:6:2])
        types = parts[_SEGMENTS_BEFORE_TYPES:]
        if head != _HEAD or not types or len(types) % 2 or not all(parts):
            raise ValueError(
                f"{text!r} is not an ARM resource id: expected "
                "/subscriptions/{id}/resourceGroups/{name}/providers/{namespace}/{type}/{name}"
            )
        return cls(parts[1], parts[3], parts[5], tuple(zip(types[0::2], types[1::2], strict=True)))

    @property
    def name(self) -> str:
        """The resource's own name: the last segment."""
        return self.path[-1][1]

    @property
    def type(self) -> str:
        """The full ARM type, such as `Microsoft.MachineLearningServices/workspaces/computes`."""
        return "/".join((self.namespace, *(kind for kind, _ in self.path)))

    @property
    def parent(self) -> ResourceId | None:
        """The enclosing resource, or None for a top-level one."""
        if len(self.path) == 1:
            return None
        return ResourceId(self.subscription, self.resource_group, self.namespace, self.path[:-1])

    def child(self, kind: str, name: str) -> ResourceId:
        """The id of the resource `name` of type `kind` directly under this one."""
        return ResourceId(self.subscription, self.resource_group, self.namespace, (*self.path, (kind, name)))

    def __str__(self) -> str:
        head = f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}/providers/{self.namespace}"
        return head + "".join(f"/{kind}/{quote(name, safe='')}" for kind, name in self.path)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResourceId) and str(self).lower() == str(other).lower()

    def __hash__(self) -> int:
        return hash(str(self).lower())


def registry_asset(text: object) -> str:
    """`azureml://registries/{registry}/{collection}/{name}/versions/{version}` for the ARM id of a registry's asset.

    It is how resources of a workspace name what is in a registry. Empty for everything else.
    """
    parts = text.split("/") if isinstance(text, str) else []
    # "", subscriptions, {id}, resourceGroups, {name}, providers, {namespace}, registries, {registry}, {collection}, …
    below = parts[_SEGMENTS_BEFORE_TYPES + 2 :]
    is_one = len(parts) > _SEGMENTS_BEFORE_TYPES + 2 and parts[_SEGMENTS_BEFORE_TYPES + 1].lower() == "registries"
    return f"azureml://registries/{'/'.join(below)}" if is_one else ""


def same_id(left: object, right: object) -> bool:
    """Whether two values name one ARM resource: ARM compares ids without regard to case."""
    return isinstance(left, str) and isinstance(right, str) and left.rstrip("/").lower() == right.rstrip("/").lower()
