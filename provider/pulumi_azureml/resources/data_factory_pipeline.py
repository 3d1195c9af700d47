"""Data Factory pipeline: runs an endpoint from a data factory, and fails when its job does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field
from pydantic.alias_generators import to_camel

from ..arm import ArmClient
from ..data_factory import Run, pipeline, problems
from ..data_factory.run import LONGEST, POLL_SECONDS
from ..engine import InputError, Kind, Output, arm, local, reference
from ..engine.unknown import has_unknown
from ._data_factory import Factory, NameInFactory
from ._types import ResourceInputs


class DataFactoryPipelineInputs(ResourceInputs):
    """Inputs of a pipeline. It runs one endpoint: a batch endpoint, or a v1 pipeline by its GUID."""

    factory: Factory
    endpoint: (
        Annotated[
            str,
            reference("batchEndpoints"),
            Field(description="The batch endpoint that it runs: resource, ARM id or name."),
        ]
        | None
    ) = None
    deployment: (
        Annotated[
            str,
            local(),
            Field(description="The deployment: resource, ARM id or name. Default: the endpoint's default."),
        ]
        | None
    ) = None
    inputs: Annotated[
        dict[str, Any],
        local(),
        Field(
            default_factory=dict,
            description="By name: a literal, `{type: number, value: 0.5}`, or data as `{type: uri_folder, path: …}`. "
            "Each becomes a parameter of the pipeline, whose default is the value or path where there is one.",
        ),
    ]
    outputs: Annotated[
        dict[str, Any],
        local(),
        Field(
            default_factory=dict,
            description="Outputs of a batch endpoint by name, as `{type: uri_folder, path: …}`; parameters likewise.",
        ),
    ]
    experiment: Annotated[str, local(), Field(description="Name that the job is listed under.")] | None = None
    poll_seconds: Annotated[
        int, local(), Field(description="Seconds between two looks at the job's status, 1 to 86400.")
    ] = POLL_SECONDS
    timeout: Annotated[str, local(), Field(description="Longest time for the job, an ISO 8601 duration.")] = LONGEST
    pipeline_endpoint_id: (
        Annotated[str, local(), Field(description="GUID of the v1 pipeline endpoint that it runs.")] | None
    ) = None
    pipeline_version: (
        Annotated[str, local(), Field(description="Version of the v1 pipeline endpoint. Default: its default version.")]
        | None
    ) = None
    pipeline_id: (
        Annotated[str, local(), Field(description="GUID of the v1 published pipeline that it runs.")] | None
    ) = None
    linked_service: (
        Annotated[
            str,
            local(),
            Field(description="The linked service by which a v1 pipeline is reached: resource, ARM id or name."),
        ]
        | None
    ) = None
    continue_on_step_failure: (
        Annotated[bool, local(), Field(description="Whether a v1 pipeline goes on when a step fails.")] | None
    ) = None
    name: NameInFactory | None = None
    description: (
        Annotated[str, arm("properties.description"), Field(description="What the pipeline is for.")] | None
    ) = None
    folder: (
        Annotated[str, arm("properties.folder.name"), Field(min_length=1, description="Folder in the factory.")] | None
    ) = None


_RUN = (
    *("pipeline_endpoint_id", "pipeline_version", "pipeline_id", "inputs", "outputs", "experiment", "poll_seconds"),
    *("timeout", "continue_on_step_failure"),
)


_NOBODY = "00000000-0000-0000-0000-000000000000"
_STAND_INS = {"endpoint": "endpoint", "pipelineEndpointId": _NOBODY, "pipelineId": _NOBODY, "linkedService": "service"}


def _run(values: Mapping[str, Any], scoring_uri: str, **more: Any) -> Run:
    """What the inputs say that the pipeline runs."""
    given = {name: values[to_camel(name)] for name in _RUN if values.get(to_camel(name)) is not None}
    names: dict[str, Any] = {
        name: str(values[key]).rpartition("/")[2]
        for name, key in (("deployment", "deployment"), ("linked_service", "linkedService"))
        if values.get(key)
    }
    return Run(scoring_uri=scoring_uri, **given, **names, **more)


def _rules(values: Mapping[str, Any]) -> Iterator[InputError]:
    known = {key: _known(key, value) for key, value in values.items()}
    # The endpoint stands for its address, which is read when the pipeline is made.
    there = "https://endpoint/jobs" if known.get("endpoint") else ""
    for problem in problems(_run(known, there)):
        head, _, rest = problem.path.partition(".")
        name = "endpoint" if head == "scoring_uri" else to_camel(head)
        yield InputError(f"{name}.{rest}" if rest else name, problem.text.replace("scoring_uri", "endpoint"))


def _known(key: str, value: Any) -> Any:
    """A value without what a preview does not know: what must be there is taken to be right, all else is left out."""
    if key in {"inputs", "outputs"} and isinstance(value, Mapping):
        return {name: given for name, given in value.items() if not has_unknown(given)}
    return _STAND_INS.get(key) if has_unknown(value) else value


def _prepare(client: ArmClient, values: dict[str, Any], status: Callable[[str], None]) -> Mapping[str, Any]:
    scoring_uri = ""
    if endpoint := values.get("endpoint"):
        status("reading the endpoint's address")
        found = client.request("GET", endpoint, operation=f"read the endpoint of pipeline {values['name']!r}").body
        scoring_uri = found["properties"]["scoringUri"]
    audience = client.settings.scope("ml").removesuffix("/.default")
    properties = pipeline(values["name"], _run(values, scoring_uri, audience=audience))["properties"]
    return {f"properties.{key}": value for key, value in properties.items()}


DATA_FACTORY_PIPELINE = Kind(
    name="DataFactoryPipeline",
    title="data factory pipeline",
    path="{factory}/pipelines/{name}",
    inputs=DataFactoryPipelineInputs,
    outputs=(Output("definition", "properties", "The pipeline as the factory has it.", dict),),
    tags="properties.annotations",
    tag_form="list",
    prepare_updates=True,
    rules=_rules,
    prepare=_prepare,
)
