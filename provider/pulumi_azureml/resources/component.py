"""Component: a command with typed inputs and outputs, or a pipeline of such commands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ..arm import ArmClient, Settings
from ..engine import UNKNOWN, InputError, Inputs, Kind, local, reference
from ..engine.unknown import has_unknown
from ._component_spec import DATA_TYPES, LITERAL_TYPES, component_spec, portable
from ._content import versioned
from ._graph import check_component
from ._types import (
    AssetDescription,
    AssetName,
    AssetTags,
    AssetVersion,
    Duration,
    OnDelete,
    Registry,
    ResourceInputs,
    any_case,
)

Scalar = Annotated[str | int | float | bool, BeforeValidator(lambda value: value)]


class ComponentInput(Inputs):
    """An input of a component."""

    type: Annotated[
        Literal[*DATA_TYPES, *LITERAL_TYPES],  # type: ignore[valid-type]
        any_case(*DATA_TYPES, *LITERAL_TYPES),
        Field(description=f"Data: `{'`, `'.join(DATA_TYPES)}`; literals: `{'`, `'.join(LITERAL_TYPES)}`."),
    ]
    default: Annotated[Scalar, Field(description="Value of a literal that is not given.")] | None = None
    optional: Annotated[
        bool, Field(description="Whether it may be left out; the command then mentions it in `$[[…]]` only.")
    ] = False
    min: Annotated[float, Field(description="Least value of a number.")] | None = None
    max: Annotated[float, Field(description="Greatest value of a number.")] | None = None
    enum: Annotated[list[Any], Field(description="All values that a literal may have.")] | None = None
    description: Annotated[str, Field(description="What the input is.")] | None = None


class ComponentOutput(Inputs):
    """An output of a component."""

    type: Annotated[
        Literal[*DATA_TYPES],  # type: ignore[valid-type]
        any_case(*DATA_TYPES),
        Field(description=f"`{'`, `'.join(DATA_TYPES)}`."),
    ]
    description: Annotated[str, Field(description="What the output is.")] | None = None


class ComponentJob(Inputs):
    """One job of a pipeline: a component, and what its inputs and outputs are bound to."""

    component: Annotated[
        str,
        reference("components"),
        Field(min_length=1, description="The component: resource, ARM id, or `azureml:{name}:{version}`."),
    ]
    inputs: Annotated[
        dict[str, Any],
        Field(
            default_factory=dict,
            description="By name: a value, `${{parent.inputs.NAME}}`, `${{parent.jobs.JOB.outputs.NAME}}`, or data as "
            "`{type, path, mode}`.",
        ),
    ]
    outputs: Annotated[
        dict[str, Any],
        Field(
            default_factory=dict,
            description="By name: `${{parent.outputs.NAME}}`, or `{type, path, mode, name, version}`; with a name the "
            "output is registered as a model or data version.",
        ),
    ]
    compute: (
        Annotated[
            str,
            reference("computes"),
            Field(description="The cluster: resource, ARM id or name. Default: the deployment's `default_compute`."),
        ]
        | None
    ) = None
    environment_variables: (
        Annotated[dict[str, str], Field(description="Environment variables that the command sees.")] | None
    ) = None
    timeout: Annotated[Duration, Field(description="Longest time for the command, an ISO 8601 duration.")] | None = None
    instance_count: Annotated[int, Field(ge=1, description="Nodes for the command; 1 unless set.")] | None = None
    display_name: Annotated[str, Field(description="Name that is shown.")] | None = None
    type: (
        Annotated[
            Literal["command", "pipeline"],
            any_case("command", "pipeline"),
            Field(description="Type of the component. Default: that of the resource, else `command`."),
        ]
        | None
    ) = None


class ComponentInputs(ResourceInputs):
    """Inputs of a component version. What it does is immutable: another command or graph makes a new version."""

    command: (
        Annotated[
            str,
            local(compared=False),
            Field(
                min_length=1,
                description="Command that bash runs in the code's folder, with `${{inputs.NAME}}`, "
                "`${{outputs.NAME}}` and `$[[--option ${{inputs.OPTIONAL}}]]`.",
            ),
        ]
        | None
    ) = None
    jobs: (
        Annotated[
            dict[str, ComponentJob],
            local(compared=False),
            Field(description="Jobs of a pipeline by name; they run in the order that their bindings ask for."),
        ]
        | None
    ) = None
    inputs: Annotated[
        dict[str, ComponentInput],
        local(compared=False),
        Field(default_factory=dict, description="Inputs by name, with their types."),
    ]
    outputs: Annotated[
        dict[str, ComponentOutput],
        local(compared=False),
        Field(default_factory=dict, description="Outputs by name, with their types."),
    ]
    code: (
        Annotated[
            str,
            reference("codes", made_of="path", compared=False),
            Field(
                description="The command's code: resource, ARM id, `azureml:{name}:{version}`, or a local folder, "
                "which becomes the resource `{name}-code`."
            ),
        ]
        | None
    ) = None
    environment: (
        Annotated[
            str,
            reference("environments", compared=False),
            Field(description="The command's environment: resource, ARM id, or `azureml:{name}:{version}`."),
        ]
        | None
    ) = None
    instance_count: (
        Annotated[int, local(compared=False), Field(ge=1, description="Nodes for the command; 1 unless set.")] | None
    ) = None
    is_deterministic: Annotated[
        bool,
        local(compared=False),
        Field(description="Whether Azure ML may take the results of an earlier run with the same inputs."),
    ] = True
    display_name: Annotated[str, local(compared=False), Field(description="Name that is shown.")] | None = None
    type: (
        Annotated[
            Literal["command", "pipeline"],
            any_case("command", "pipeline"),
            local(compared=False),
            Field(description="`command` or `pipeline`. Default: what the other inputs say."),
        ]
        | None
    ) = None
    name: AssetName | None = None
    version: AssetVersion | None = None
    registry: Registry | None = None
    description: AssetDescription | None = None
    tags: AssetTags | None = None
    on_delete: OnDelete = "delete"
    job_inputs: (
        Annotated[dict[str, Any], local(compared=False), Field(description="Inputs of the jobs' components.")] | None
    ) = None
    job_outputs: (
        Annotated[dict[str, Any], local(compared=False), Field(description="Outputs of the jobs' components.")] | None
    ) = None
    job_types: (
        Annotated[dict[str, Any], local(compared=False), Field(description="Types of the jobs' components.")] | None
    ) = None


def _derive(values: dict[str, Any], _settings: Settings) -> dict[str, Any]:
    values = {"type": "pipeline" if values.get("jobs") else "command", **values}
    spec = component_spec(values)
    if has_unknown(spec):
        return {"version": UNKNOWN, **values, "contentDigest": UNKNOWN}
    return versioned(values, hashlib.sha256(json.dumps(portable(spec), sort_keys=True).encode()).hexdigest())


def _rules(values: Mapping[str, Any]) -> Iterator[InputError]:
    yield from check_component(values)


def _prepare(_client: ArmClient, values: dict[str, Any], _status: Callable[[str], None]) -> Mapping[str, Any]:
    named = {"name": values["name"], "version": values["version"]}
    return {"properties.componentSpec": {**named, **component_spec(values)}}


COMPONENT = Kind(
    name="Component",
    title="component",
    path="components/{name}/versions/{version}",
    inputs=ComponentInputs,
    tags="properties.tags",
    carried=("properties.componentSpec", "properties.properties", "properties.isAnonymous"),
    borrows={"jobInputs": ("jobs", "inputs"), "jobOutputs": ("jobs", "outputs"), "jobTypes": ("jobs", "type")},
    derive=_derive,
    rules=_rules,
    prepare=_prepare,
)
