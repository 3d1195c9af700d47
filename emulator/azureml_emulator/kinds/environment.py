"""Environment assets: an image, with the packages of a conda file."""

from __future__ import annotations

from typing import Annotated, Any

import yaml
from pydantic import Field

from azureml_emulator.arm import errors, references
from azureml_emulator.arm.assets import Asset, AssetProperties
from azureml_emulator.arm.kind import Properties, Target
from azureml_emulator.arm.schema import Body, choice


class Build(Body):
    """A Docker build context."""

    context_uri: str
    dockerfile_path: str = "Dockerfile"


class InferenceRoute(Body):
    """Where an inference container listens for one sort of request."""

    path: Annotated[str, Field(min_length=1)]
    port: int


class InferenceConfig(Body):
    """What an image needs that serves requests itself."""

    liveness_route: InferenceRoute | None = None
    readiness_route: InferenceRoute | None = None
    scoring_route: InferenceRoute | None = None


class EnvironmentProperties(AssetProperties):
    """The properties of an environment version."""

    image: str | None = None
    conda_file: str | None = None
    build: Build | None = None
    os_type: Annotated[str, choice("Linux", "Windows")] = "Linux"
    auto_rebuild: Annotated[str, choice("Disabled", "OnBaseImageUpdate")] = "Disabled"
    inference_config: InferenceConfig | None = None
    stage: str | None = None


class EnvironmentBody(Body):
    """PUT of an environment version."""

    properties: EnvironmentProperties


def _prepare(target: Target, body: Any) -> Properties:
    properties: Properties = body.properties.dump()
    if not properties["image"] and not properties["build"]:
        raise errors.must_not_be_empty("Image", "properties.image")
    if properties["image"] and properties["build"]:
        raise errors.user_error("An environment has either 'image' or 'build', not both.", "properties.build")
    if properties["build"]:
        references.uri(target, properties["build"]["contextUri"], "properties.build.contextUri")
    if properties["condaFile"]:
        _check_conda(properties["condaFile"])
    return {**properties, "environmentType": "UserCreated"}


def _check_conda(text: str) -> None:
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        raise errors.user_error(f"The conda file is not valid YAML: {problem}", "properties.condaFile") from None
    if not isinstance(document, dict):
        raise errors.user_error("The conda file is not a YAML mapping with 'dependencies'.", "properties.condaFile")


ENVIRONMENT = Asset(
    plural="environments",
    label="environment",
    body=EnvironmentBody,
    content=("image", "condaFile", "build", "osType"),
    what="image, conda file and build context",
    prepare=_prepare,
)
