"""Batch deployment: a model with the code, environment and compute that score with it, or a pipeline component."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from ..arm import ArmClient, Settings
from ..engine import InputError, Inputs, Kind, Output, arm, local, reference
from ..engine.declaration import input_fields
from ..engine.values import get
from ._deployment import (
    Code,
    CodePath,
    DeploymentName,
    Environment,
    EnvironmentVariables,
    Properties,
    ScoringDigest,
    scoring_digest,
    script_rules,
    versioned_name,
)
from ._types import Duration, Location, ResourceInputs, ResourceTags, any_case

_INT_MAX = 2**31 - 1
_MODEL_ONLY = frozenset(
    {
        *("model", "compute", "code", "codePath", "scoringScript", "environment", "environmentVariables"),
        *("instanceCount", "miniBatchSize", "maxConcurrencyPerInstance", "errorThreshold", "retrySettings"),
        *("outputAction", "outputFileName", "loggingLevel"),
    }
)
"""Inputs that a deployment of a pipeline component does not have."""
_NOT_IN_FILE_NAMES = r'~"#%&*:<>?/\{|}'


class RetrySettings(Inputs):
    """What happens to a mini-batch that fails."""

    max_retries: Annotated[int, Field(ge=0, le=_INT_MAX, description="Retries of a failed mini-batch.")] = 3
    timeout: Annotated[Duration, Field(description="Time for one mini-batch, an ISO 8601 duration.")] = "PT30S"


class PipelineSettings(Inputs):
    """Run-time settings of a pipeline component's jobs; the service spells them in snake case."""

    model_config = ConfigDict(alias_generator=str)

    default_compute: (
        Annotated[
            str,
            Field(description="Cluster of the jobs that name none: resource, ARM id or name."),
            reference("computes"),
        ]
        | None
    ) = None
    continue_on_step_failure: (
        Annotated[
            bool,
            Field(
                description="Whether steps that do not depend on one that failed still run.",
            ),
        ]
        | None
    ) = None
    default_datastore: Annotated[str, Field(description="Datastore of the outputs, by name.")] | None = None
    force_rerun: Annotated[bool, Field(description="Whether results of earlier runs are never taken.")] | None = None


class BatchDeploymentInputs(ResourceInputs):
    """Inputs of a batch deployment. All but its name and endpoint can change in place."""

    endpoint: Annotated[
        str, reference("batchEndpoints", url=True), Field(description="The endpoint: resource, ARM id or name.")
    ]
    model: (
        Annotated[
            str,
            reference("models", "properties.model.assetId"),
            Field(
                min_length=1,
                description="The model: resource, ARM id, or `azureml:{name}:{version}`. Required without a component.",
            ),
        ]
        | None
    ) = None
    compute: (
        Annotated[
            str,
            reference("computes", "properties.compute"),
            Field(
                min_length=1,
                description="The cluster that scores: resource, ARM id or name. Required without a component.",
            ),
        ]
        | None
    ) = None
    component: (
        Annotated[
            str,
            reference("components", "properties.deploymentConfiguration.componentId.assetId"),
            Field(
                min_length=1,
                description="The pipeline component that jobs run, in place of a model: resource, ARM id, or "
                "`azureml:{name}:{version}`.",
            ),
        ]
        | None
    ) = None
    settings: (
        Annotated[
            PipelineSettings,
            arm("properties.deploymentConfiguration.settings"),
            Field(description="Run-time settings of the pipeline."),
        ]
        | None
    ) = None
    name: DeploymentName | None = None
    versioned: (
        Annotated[
            bool,
            local(compared=False),
            Field(
                description="Whether the name ends in a digest of model, code, environment, script and variables: new "
                "content is then a new deployment beside the old one, which a gate can try before the default moves to "
                "it, and not a change in place. Default: true in production, else false."
            ),
        ]
        | None
    ) = None
    code: Code | None = None
    scoring_script: (
        Annotated[
            str,
            arm("properties.codeConfiguration.scoringScript"),
            Field(min_length=1, description="The script in the code's folder that has `init()` and `run(mini_batch)`."),
        ]
        | None
    ) = None
    code_path: CodePath | None = None
    environment: Environment | None = None
    environment_variables: EnvironmentVariables | None = None
    instance_count: Annotated[
        int, arm("properties.resources.instanceCount"), Field(ge=1, le=_INT_MAX, description="Nodes for each job.")
    ] = 1
    mini_batch_size: Annotated[int, Field(ge=1, le=2**63 - 1, description="Files in each call of `run`.")] = 10
    max_concurrency_per_instance: Annotated[
        int, Field(ge=1, le=_INT_MAX, description="Worker processes on each node.")
    ] = 1
    error_threshold: Annotated[
        int,
        Field(ge=-1, le=_INT_MAX, description="Failed items that a job may have; -1 allows any number."),
    ] = -1
    retry_settings: Annotated[
        RetrySettings, Field(default_factory=RetrySettings, description="What happens to a mini-batch that fails.")
    ]
    output_action: Annotated[
        Literal["AppendRow", "SummaryOnly"],
        any_case("AppendRow", "SummaryOnly"),
        Field(description="`AppendRow` gathers what `run` returns in one file; `SummaryOnly` counts it."),
    ] = "AppendRow"
    output_file_name: (
        Annotated[str, Field(min_length=1, description="File for the gathered rows; `predictions.csv` unless set.")]
        | None
    ) = None
    logging_level: Annotated[
        Literal["Debug", "Info", "Warning"],
        any_case("Debug", "Info", "Warning"),
        Field(description="Log level handed to the script: `Debug`, `Info` or `Warning`."),
    ] = "Info"
    description: Annotated[str, Field(description="What the deployment is for.")] | None = None
    properties: Properties | None = None
    location: Location | None = None
    tags: ResourceTags | None = None
    scoring_digest: ScoringDigest | None = None


def _rules(values: Mapping[str, Any]) -> Iterator[InputError]:
    if values.get("component"):
        yield from _of_a_pipeline(values)
        return
    for key, what in (("model", "the model that scores, or `component` for a pipeline"), ("compute", "the cluster")):
        if not values.get(key):
            yield InputError(key, f"is required: {what}")
    if values.get("settings"):
        yield InputError("settings", "is for pipelines: it needs `component`")
    name = values.get("outputFileName")
    if isinstance(name, str) and (bad := sorted(set(name) & set(_NOT_IN_FILE_NAMES))):
        yield InputError("outputFileName", f"should hold none of {_NOT_IN_FILE_NAMES} but holds {' '.join(bad)}")
    if name is not None and values.get("outputAction") == "SummaryOnly":
        yield InputError("outputFileName", "is for AppendRow only: with SummaryOnly the script writes its own files")
    yield from script_rules(values, "run(mini_batch)")


def _of_a_pipeline(values: Mapping[str, Any]) -> Iterator[InputError]:
    """A pipeline has its models, code and environments in its components."""
    for item in input_fields(BatchDeploymentInputs):
        default = item.info.get_default(call_default_factory=True)
        plain = default.model_dump(mode="json", by_alias=True) if isinstance(default, Inputs) else default
        if item.key in _MODEL_ONLY and values.get(item.key) not in (None, plain):
            yield InputError(item.key, "is for models: a deployment of a pipeline component has none")


def _derive(values: dict[str, Any], settings: Settings) -> dict[str, Any]:
    if values.get("component"):
        values = {key: value for key, value in values.items() if key not in _MODEL_ONLY}
    return {**versioned_name(values, settings), "scoringDigest": scoring_digest(values)}


def _in_use(client: ArmClient, resource: str, _state: dict[str, Any]) -> str:
    endpoint, _, name = resource.rpartition("/deployments/")
    found = client.request("GET", endpoint, operation=f"look whether {name} is the default").body
    is_default = str(get(found, "properties.defaults.deploymentName") or "").lower() == name.lower()
    return "it is the endpoint's default deployment" if is_default else ""


BATCH_DEPLOYMENT = Kind(
    name="BatchDeployment",
    title="batch deployment",
    path="{endpoint}/deployments/{name}",
    inputs=BatchDeploymentInputs,
    outputs=(Output("provisioningState", "properties.provisioningState", "State of the deployment itself."),),
    fixed={
        "properties.model.referenceType": "Id",
        "properties.deploymentConfiguration.componentId.referenceType": "Id",
        "properties.deploymentConfiguration.deploymentConfigurationType": "PipelineComponent",
    },
    carried=("properties.resources.instanceType", "properties.resources.properties"),
    borrows={"codePath": ("code", "path")},
    timeout=3600.0,
    in_use=_in_use,
    derive=_derive,
    rules=_rules,
)
