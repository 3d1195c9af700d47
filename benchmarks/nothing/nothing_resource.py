"""A dynamic resource whose handlers do nothing: the floor that the Pulumi engine itself sets."""

from typing import Any

from pulumi import ResourceOptions
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider


class NothingProvider(ResourceProvider):
    """Answers at once."""

    serialize_as_secret_always = False

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(props["name"], props)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=False)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        return ReadResult(id_, props, props)


class Nothing(Resource, module="benchmark", name="Nothing"):
    """One do-nothing resource, after the one before it when that is given."""

    def __init__(self, name: str, after: "Nothing | None" = None) -> None:
        options = ResourceOptions(depends_on=[after] if after else [])
        super().__init__(NothingProvider(), name, {"name": name}, options)
