"""Environment: an image and, on top of it, a conda file's packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field

from ..arm import Settings
from ..assets.digest import environment_digest
from ..engine import InputError, Kind, Output, arm
from ._content import versioned
from ._types import AssetDescription, AssetName, AssetTags, AssetVersion, OnDelete, Registry, ResourceInputs, any_case


class EnvironmentInputs(ResourceInputs):
    """Inputs of an environment version; image and packages are immutable: other ones make a new version."""

    image: Annotated[
        str,
        arm("properties.image", immutable=True),
        Field(min_length=1, description="Container image that the environment is based on, with its tag."),
    ]
    conda_file: (
        Annotated[
            str | dict[str, Any],
            arm("properties.condaFile", immutable=True),
            Field(description="Conda file: its path relative to the program, or its content as text or as a mapping."),
        ]
        | None
    ) = None
    name: AssetName | None = None
    version: AssetVersion | None = None
    registry: Registry | None = None
    os_type: Annotated[
        Literal["Linux", "Windows"],
        any_case("Linux", "Windows"),
        arm("properties.osType", immutable=True),
        Field(description="Operating system of the image: `Linux` or `Windows`."),
    ] = "Linux"
    description: AssetDescription | None = None
    tags: AssetTags | None = None
    on_delete: OnDelete = "delete"


def _derive(values: dict[str, Any], _settings: Settings) -> dict[str, Any]:
    conda = values.get("condaFile")
    if isinstance(conda, dict):
        conda = yaml.safe_dump(conda, sort_keys=False)
    elif isinstance(conda, str):
        conda = _read_conda(conda)
    if conda is not None:
        values = {**values, "condaFile": conda}
    image, packages, system = (values.get(key) for key in ("image", "condaFile", "osType"))
    if not all(isinstance(part, str) for part in (image, packages, system) if part is not None):
        return values
    return versioned(values, environment_digest(str(image), packages, str(system)))


def _read_conda(text: str) -> str:
    """The conda file's text; one line without a colon-separated mapping is the path of a file."""
    if "\n" not in text.strip() and not text.lstrip().startswith("{"):
        try:
            text = Path(text).read_text(encoding="utf-8")
        except OSError as error:
            raise InputError("condaFile", f"cannot read {text!r}: {error.strerror or error}") from None
    try:
        parsed = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError("condaFile", f"is not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(parsed, Mapping) or not isinstance(parsed.get("dependencies", []), list):
        raise InputError("condaFile", "should be a YAML mapping with a list `dependencies`")
    return text


def _rules(values: Mapping[str, Any]) -> Iterator[InputError]:
    image = values.get("image")
    if isinstance(image, str) and any(character.isspace() for character in image):
        yield InputError("image", f"should be an image reference without spaces, not {image!r}")


ENVIRONMENT = Kind(
    name="Environment",
    title="environment",
    path="environments/{name}/versions/{version}",
    inputs=EnvironmentInputs,
    outputs=(Output("environmentType", "properties.environmentType", "`UserCreated` or `Curated`."),),
    tags="properties.tags",
    carried=("properties.properties", "properties.isAnonymous", "properties.inferenceConfig", "properties.autoRebuild"),
    derive=_derive,
    rules=_rules,
)
