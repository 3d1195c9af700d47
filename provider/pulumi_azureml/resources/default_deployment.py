"""Default deployment: which deployment of a batch endpoint takes the jobs that name none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from ..arm import Settings
from ..arm.resource_id import same_id
from ..engine import Facet, InputError, Inputs, Kind, arm, local, reference


class DefaultDeploymentInputs(Inputs):
    """Inputs of the default pointer. Moving it to another deployment is an update in place."""

    endpoint: Annotated[
        str, reference("batchEndpoints", url=True), Field(description="The endpoint: resource, ARM id or name.")
    ]
    deployment: Annotated[
        str,
        arm("properties.defaults.deploymentName"),
        Field(min_length=1, description="The deployment: resource, ARM id or name."),
    ]
    gate: (
        Annotated[
            str,
            local(),
            Field(
                min_length=1,
                description="The gate that the deployment must pass first: the default does not move until it has.",
            ),
        ]
        | None
    ) = None
    gated_deployment: (
        Annotated[str, local(compared=False), Field(description="What the gate tries, known when it is a resource.")]
        | None
    ) = None


def _rules(values: Mapping[str, Any]) -> Iterator[InputError]:
    tried, deployment = values.get("gatedDeployment"), values.get("deployment")
    if not isinstance(tried, str) or not isinstance(deployment, str):
        return
    if not same_id(
        tried, deployment if deployment.startswith("/") else f"{values['endpoint']}/deployments/{deployment}"
    ):
        yield InputError("gate", f"tries {tried}, and not the deployment that the default would move to, {deployment}")


def _derive(values: dict[str, Any], _settings: Settings) -> dict[str, Any]:
    """The pointer holds a name; a deployment given by its id must be one of this endpoint's."""
    endpoint, deployment = values["endpoint"], values["deployment"]
    if not isinstance(deployment, str) or not deployment.startswith("/"):
        return values
    owner, _, name = deployment.rpartition("/deployments/")
    if isinstance(endpoint, str) and not same_id(owner, endpoint):
        raise InputError("deployment", f"should be a deployment of the endpoint {endpoint}, not {deployment}")
    return {**values, "deployment": name}


DEFAULT_DEPLOYMENT = Kind(
    name="DefaultDeployment",
    title="default deployment",
    path="{endpoint}/defaults",
    inputs=DefaultDeploymentInputs,
    tags="",
    facet=Facet(
        unset=("properties.defaults",),
        suffix="/defaults",
        loss="jobs that name no deployment would fail",
        carried=(
            "location",
            "tags",
            "identity",
            "kind",
            "sku",
            "properties.authMode",
            "properties.description",
            "properties.properties",
        ),
    ),
    borrows={"gatedDeployment": ("gate", "deployment")},
    derive=_derive,
    rules=_rules,
)
