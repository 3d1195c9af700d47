"""Component: a command with typed inputs and outputs, or a pipeline of such commands.

Generated from `pulumi_azureml.resources.component` by `make sdk`; do not edit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import pulumi

from ..dynamic import ComponentProvider
from ..resource import AzureMLResource, beside, is_folder, lent
from .code import Code
from .compute import Compute
from .environment import Environment
from .registry import Registry
from .shared import TimeoutsArgs


class ComponentJobArgs(TypedDict, total=False):
    """One job of a pipeline: a component, and what its inputs and outputs are bound to."""

    component: pulumi.Input[str] | Component
    """The component: resource, ARM id, or `azureml:{name}:{version}`."""

    inputs: pulumi.Input[Mapping[str, Any]]
    """By name: a value, `${{parent.inputs.NAME}}`, `${{parent.jobs.JOB.outputs.NAME}}`, or data as `{type, path, mode}`."""

    outputs: pulumi.Input[Mapping[str, Any]]
    """By name: `${{parent.outputs.NAME}}`, or `{type, path, mode, name, version}`; with a name the output is registered as a model or data version."""

    compute: pulumi.Input[str] | Compute
    """The cluster: resource, ARM id or name. Default: the deployment's `default_compute`."""

    environment_variables: pulumi.Input[Mapping[str, str]]
    """Environment variables that the command sees."""

    timeout: pulumi.Input[str]
    """Longest time for the command, an ISO 8601 duration."""

    instance_count: pulumi.Input[int]
    """Nodes for the command; 1 unless set."""

    display_name: pulumi.Input[str]
    """Name that is shown."""

    type: pulumi.Input[str]
    """Type of the component. Default: that of the resource, else `command`."""


class ComponentInputArgs(TypedDict, total=False):
    """An input of a component."""

    type: pulumi.Input[str]
    """Data: `uri_folder`, `uri_file`, `mltable`, `mlflow_model`, `custom_model`, `triton_model`; literals: `string`, `integer`, `number`, `boolean`."""

    default: pulumi.Input[str | int | float | bool]
    """Value of a literal that is not given."""

    optional: pulumi.Input[bool]
    """Whether it may be left out; the command then mentions it in `$[[…]]` only. Default: False."""

    min: pulumi.Input[float]
    """Least value of a number."""

    max: pulumi.Input[float]
    """Greatest value of a number."""

    enum: pulumi.Input[Sequence[Any]]
    """All values that a literal may have."""

    description: pulumi.Input[str]
    """What the input is."""


class ComponentOutputArgs(TypedDict, total=False):
    """An output of a component."""

    type: pulumi.Input[str]
    """`uri_folder`, `uri_file`, `mltable`, `mlflow_model`, `custom_model`, `triton_model`."""

    description: pulumi.Input[str]
    """What the output is."""


class Component(AzureMLResource, module="azureml", name="Component"):
    """Component: a command with typed inputs and outputs, or a pipeline of such commands."""

    def __init__(
        self,
        resource_name: str,
        *,
        command: pulumi.Input[str] | None = None,
        jobs: pulumi.Input[Mapping[str, ComponentJobArgs]] | None = None,
        inputs: pulumi.Input[Mapping[str, ComponentInputArgs]] | None = None,
        outputs: pulumi.Input[Mapping[str, ComponentOutputArgs]] | None = None,
        code: pulumi.Input[str] | Code | None = None,
        environment: pulumi.Input[str] | Environment | None = None,
        instance_count: pulumi.Input[int] | None = None,
        is_deterministic: pulumi.Input[bool] | None = None,
        display_name: pulumi.Input[str] | None = None,
        type: pulumi.Input[str] | None = None,
        name: pulumi.Input[str] | None = None,
        version: pulumi.Input[str] | None = None,
        registry: pulumi.Input[str] | Registry | None = None,
        description: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, str]] | None = None,
        on_delete: pulumi.Input[str] | None = None,
        adopt: pulumi.Input[bool] | None = None,
        timeouts: pulumi.Input[TimeoutsArgs] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the component.

        Args:
            resource_name: The logical name in the program, unique among resources of this kind.
            command: Command that bash runs in the code's folder, with `${{inputs.NAME}}`, `${{outputs.NAME}}` and
                `$[[--option ${{inputs.OPTIONAL}}]]`.
            jobs: Jobs of a pipeline by name; they run in the order that their bindings ask for.
            inputs: Inputs by name, with their types.
            outputs: Outputs by name, with their types.
            code: The command's code: resource, ARM id, `azureml:{name}:{version}`, or a local folder, which becomes
                the resource `{name}-code`.
            environment: The command's environment: resource, ARM id, or `azureml:{name}:{version}`.
            instance_count: Nodes for the command; 1 unless set.
            is_deterministic: Whether Azure ML may take the results of an earlier run with the same inputs. Default:
                True.
            display_name: Name that is shown.
            type: `command` or `pipeline`. Default: what the other inputs say.
            name: Name of the asset, 1 to 255 letters, digits, `-` and `_`. Default: the resource's logical name. A
                change replaces the resource.
            version: Version of the asset. Default: derived from its content, so that new content makes a new version.
                A change replaces the resource.
            registry: The registry that the asset lies in, in place of the workspace, for several workspaces to share:
                resource, ARM id, or name in the workspace's resource group. A change replaces the resource.
            description: What the asset is.
            tags: Tags: names to values, none of them empty; changed in place.
            on_delete: What becomes of a version that the stack no longer needs: `delete` removes it, `archive` hides
                it in the workspace, `retain` leaves it as it is. Default: 'delete'.
            adopt: Take over, as it is, a resource of this name that exists already and was not made by this stack.
            timeouts: How long each operation may take; the kind's own limits unless set.
            opts: The engine's own options: parent, protect, aliases and others.
        """
        if is_folder(code):
            code = Code(f"{resource_name}-code", path=code, on_delete=on_delete, opts=beside(opts))
        given: dict[str, Any] = {
            "command": command,
            "jobs": jobs,
            "inputs": inputs,
            "outputs": outputs,
            "code": code,
            "environment": environment,
            "instanceCount": instance_count,
            "isDeterministic": is_deterministic,
            "displayName": display_name,
            "type": type,
            "name": name,
            "version": version,
            "registry": registry,
            "description": description,
            "tags": tags,
            "onDelete": on_delete,
            "adopt": adopt,
            "timeouts": timeouts,
            "jobInputs": lent(jobs, "inputs"),
            "jobOutputs": lent(jobs, "outputs"),
            "jobTypes": lent(jobs, "type"),
        }
        made = ()
        super().__init__(ComponentProvider(), resource_name, given, made, opts)

    @property
    def timeouts(self) -> pulumi.Output[dict[str, Any]]:
        """How long each operation may take; the kind's own limits unless set."""
        return self._output("timeouts")

    @property
    def name(self) -> pulumi.Output[str]:
        """Name of the asset, 1 to 255 letters, digits, `-` and `_`. Default: the resource's logical name."""
        return self._output("name")

    @property
    def version(self) -> pulumi.Output[str]:
        """Version of the asset. Default: derived from its content, so that new content makes a new version."""
        return self._output("version")

    @property
    def registry(self) -> pulumi.Output[str]:
        """The registry that the asset lies in, in place of the workspace, for several workspaces to share: resource, ARM id, or name in the workspace's resource group."""
        return self._output("registry")

    @property
    def description(self) -> pulumi.Output[str]:
        """What the asset is."""
        return self._output("description")

    @property
    def tags(self) -> pulumi.Output[dict[str, Any]]:
        """Tags: names to values, none of them empty; changed in place."""
        return self._output("tags")

    @property
    def on_delete(self) -> pulumi.Output[str]:
        """What becomes of a version that the stack no longer needs: `delete` removes it, `archive` hides it in the workspace, `retain` leaves it as it is."""
        return self._output("onDelete")
