"""Types that several kinds share, with the service's constraints."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from ..engine import Inputs, arm, local, reference
from ..engine.values import duration_seconds


def _iso_duration(text: str) -> str:
    if duration_seconds(text) is None:
        raise ValueError("should be an ISO 8601 duration such as PT30S, PT5M or P1DT12H")
    return text.upper()


def _any_case(*allowed: str) -> BeforeValidator:
    """Take an enumeration's members in any letter case, as the service does."""
    by_lower = {member.lower(): member for member in allowed}

    def fold(value: Any) -> Any:
        return by_lower.get(value.lower(), value) if isinstance(value, str) else value

    return BeforeValidator(fold)


def _tags(tags: dict[str, str]) -> dict[str, str]:
    for key, value in tags.items():
        if not value:
            raise ValueError(f"tag {key!r} should have a value that is not empty")
    return tags


Duration = Annotated[str, AfterValidator(_iso_duration)]
Tags = Annotated[dict[str, str], AfterValidator(_tags)]

# Azure ML REST API, parameter patterns of assets and containers.
AssetName = Annotated[
    str,
    arm(url=True),
    Field(
        pattern=r"^[a-zA-Z0-9][a-zA-Z0-9\-_]{0,254}$",
        description="Name of the asset, 1 to 255 letters, digits, `-` and `_`. Default: the resource's logical name.",
    ),
]
AssetVersion = Annotated[
    str,
    arm(url=True),
    Field(
        # Longer than the 30 characters that Azure ML's studio takes: azure-ai-ml's anonymous versions are digests.
        pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._\-]{0,254}$",
        description="Version of the asset. Default: derived from its content, so that new content makes a new version.",
    ),
]
AssetDescription = Annotated[str, arm("properties.description"), Field(description="What the asset is.")]
AssetTags = Annotated[
    Tags, arm("properties.tags"), Field(description="Tags: names to values, none of them empty; changed in place.")
]
Registry = Annotated[
    str,
    reference("registries", url=True),
    Field(
        description="The registry that the asset lies in, in place of the workspace, for several workspaces to share: "
        "resource, ARM id, or name in the workspace's resource group."
    ),
]
OnDelete = Annotated[
    Literal["delete", "archive", "retain"],
    _any_case("delete", "archive", "retain"),
    local(),
    Field(
        description="What becomes of a version that the stack no longer needs: `delete` removes it, "
        "`archive` hides it in the workspace, `retain` leaves it as it is."
    ),
]
Adopt = Annotated[
    bool,
    local(compared=False),
    Field(
        description="Take over, as it is, a resource of this name that exists already and was not made by this stack."
    ),
]


class Timeouts(Inputs):
    """How long an operation may take before it is given up, each an ISO 8601 duration."""

    create: Annotated[Duration, Field(description="For a create.")] | None = None
    update: Annotated[Duration, Field(description="For an update in place.")] | None = None
    delete: Annotated[Duration, Field(description="For a delete.")] | None = None


class ResourceInputs(Inputs):
    """What every resource that the provider makes can say."""

    adopt: Adopt | None = None
    timeouts: (
        Annotated[
            Timeouts, local(), Field(description="How long each operation may take; the kind's own limits unless set.")
        ]
        | None
    ) = None


Location = Annotated[
    str,
    arm("location", immutable=True, setting="location"),
    Field(description="Azure region. Default: `azureml:location` of the stack."),
]
ResourceTags = Annotated[
    Tags, arm("tags"), Field(description="Tags: names to values, none of them empty; changed in place.")
]

any_case = _any_case
