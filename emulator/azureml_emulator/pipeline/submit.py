"""From an invocation of a pipeline deployment to a run: every reference resolved, every step known."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from azureml_emulator import registries
from azureml_emulator.batch.command_spec import CommandSpec, StepInput, StepOutput
from azureml_emulator.batch.records import job_id, log_folder, new_record
from azureml_emulator.batch.spec import EnvironmentSpec, Place
from azureml_emulator.batch.submit import REUSE, context
from azureml_emulator.batch.vm_sizes import node_size
from azureml_emulator.http import ServiceError
from azureml_emulator.pipeline import plan
from azureml_emulator.pipeline.component import PipelinePart, Problem, Specification, interface, read_component
from azureml_emulator.pipeline.expressions import fill_path
from azureml_emulator.pipeline.invocation import Given, PipelineInvocation, check_invocation
from azureml_emulator.pipeline.ports import MODEL_TYPES
from azureml_emulator.uris import BlobLocation, UriError, address, resolve

if TYPE_CHECKING:
    from azureml_emulator.batch.submit import Served
    from azureml_emulator.emulator import Emulator
    from azureml_emulator.store import Document

PIPELINE = "pipeline"
STEP = "step"
"""The ``kind`` of the two sorts of records; those of model deployments have none."""


@dataclass(frozen=True)
class Settings:
    """The run-time settings of a pipeline deployment."""

    default_compute: str = ""
    go_on: bool = False
    datastore: str = ""


def settings_of(deployment: Document) -> Settings:
    """The settings of a deployment of a pipeline component."""
    given = deployment["properties"]["deploymentConfiguration"]["settings"]
    go_on = given.get("continue_on_step_failure", "").lower() == "true"
    return Settings(given.get("default_compute", ""), go_on, given.get("default_datastore", ""))


def component_of(deployment: Document) -> str:
    """The ARM id of the component that a deployment runs."""
    return str(deployment["properties"]["deploymentConfiguration"]["componentId"]["assetId"])


def find_component(emulator: Emulator, reference: str) -> Specification:
    """The specification of a registered component.

    Raises:
        ServiceError: 400, it is gone.
    """
    document = registries.asset(emulator.store, reference)
    if document is None:
        raise ServiceError(400, "UserError", f"The component {reference} does not exist any more.")
    read, _ = read_component(document["properties"]["componentSpec"])
    assert read is not None  # noqa: S101 - it was checked when it was registered
    return read


def pipeline_of(emulator: Emulator, deployment: Document) -> PipelinePart:
    """The pipeline that a deployment runs."""
    found = find_component(emulator, component_of(deployment))
    assert isinstance(found, PipelinePart)  # noqa: S101 - the deployment was checked
    return found


def make_record(emulator: Emulator, served: Served, asked: PipelineInvocation) -> Document:
    """A new run, with everything resolved that can be known before its steps have run.

    Raises:
        ServiceError: 400, the invocation does not fit the pipeline, or a reference leads nowhere.
    """
    pipeline = pipeline_of(emulator, served.deployment)
    refuse(check_invocation(asked, interface(pipeline)))
    run = _Run(emulator, served, asked, pipeline)
    try:
        return run.record()
    except (UriError, ValueError) as error:
        raise ServiceError(400, "UserError", f"{error}".rstrip(".") + ".") from error


def refuse(problems: Any, code: str = "UserError", below: str = "") -> None:
    """Raise one :class:`ServiceError` 400 for all problems, if there are any."""
    found: list[Problem] = [problem.below(below) for problem in problems]
    if not found:
        return
    details = [
        {"code": "InvalidProperty", "message": f"'{problem.path}' {problem.text}.", "target": problem.path}
        for problem in found
    ]
    raise ServiceError(
        400, code, " ".join(detail["message"] for detail in details), target=found[0].path, details=details
    )


class _Run:
    """One run in the making."""

    def __init__(self, emulator: Emulator, served: Served, asked: PipelineInvocation, pipeline: PipelinePart) -> None:
        self.emulator, self.served, self.asked, self.pipeline = emulator, served, asked, pipeline
        self.workspace = served.workspace_id
        self.name = asked.name or f"pipelinejob-{uuid.uuid4()}"
        self.settings = settings_of(served.deployment)
        self.container = emulator.storage.default_container(self.workspace)

    def record(self) -> Document:
        asked = self.asked
        ports, outputs = self.pipeline.ports()
        values = plan.with_defaults(ports, {name: self._source(given) for name, given in asked.inputs.items()})
        targets = {name: self._target(name, port.type) for name, port in outputs.items()}
        steps = plan.make_steps(self.pipeline, values, targets, lambda found: find_component(self.emulator, found))
        runs = {step.name: str(uuid.uuid4()) for step in steps}
        places = {step.name: self._places(step, runs[step.name]) for step in steps}
        configuration = self.served.deployment["properties"]["deploymentConfiguration"]
        return new_record(
            {
                "kind": PIPELINE,
                "id": job_id(self.workspace, self.name),
                "name": self.name,
                "step": self.name,
                "workspace": self.workspace,
                "endpoint": self.served.endpoint["name"],
                "deployment": self.served.deployment["name"],
                "component": component_of(self.served.deployment),
                "compute": self._compute(self.settings.default_compute, "the pipeline") or "",
                "nodes": 0,
                "container": self.container,
                "goOn": self.settings.go_on if asked.go_on is None else asked.go_on,
                "created": self.emulator.clock.timestamp(),
                "asked": {
                    "inputs": {
                        **{name: {"jobInputType": "Literal", "value": port.default} for name, port in ports.items()
                           if port.default is not None},
                        **{name: given.as_input() for name, given in asked.inputs.items()},
                    },
                    "outputs": {name: given.as_output() for name, given in asked.outputs.items() if given.uri},
                    "experiment": asked.experiment or self.served.endpoint["name"],
                    "description": asked.description or configuration.get("description"),
                    "tags": {**(configuration.get("tags") or {}), **asked.tags},
                    "properties": asked.properties,
                },
                "outputs": self._outputs(steps, places),
                "steps": [self._step(step, runs, places) for step in steps],
            }
        )  # fmt: skip

    # -- from references to places -----------------------------------------------------------------------

    def _source(self, given: Given) -> plan.Source:
        return plan.Value(given.value) if given.value is not None else plan.Data(given.uri or "", given.type)

    def _target(self, name: str, kind: str) -> plan.Destination:
        given = self.asked.outputs.get(name)
        if given is None:
            return plan.Destination(kind, pipeline=name)
        return plan.Destination(given.type, given.uri or "", given.asset, given.version, name)

    def _places(self, step: plan.Step, run: str) -> dict[str, Place]:
        """Where each output of a step goes."""
        found = {}
        for name, target in step.outputs.items():
            if target.uri:
                uri = fill_path(target.uri, name=run, output=target.pipeline or name)
                uri = uri.replace("${{default_datastore}}", self.settings.datastore or "workspaceblobstore")
                found[name] = self._place(uri)
            else:
                # What the pipeline gives is found under the pipeline's own name.
                path = f"azureml/{self.name}/{target.pipeline}" if target.pipeline else f"azureml/{run}/{name}"
                found[name] = (
                    self._place(f"azureml://datastores/{self.settings.datastore}/paths/{path}")
                    if self.settings.datastore
                    else Place(path, self.container)
                )
        return found

    def _place(self, uri: str, kind: str = "") -> Place:
        collection = "models" if kind in MODEL_TYPES else "data"
        location = resolve(uri, self.workspace, self.emulator.store, collection)
        return Place(location.path, location.container)

    def _compute(self, reference: str, what: str) -> str | None:
        if not reference:
            return None
        name = reference.removeprefix("azureml:").rstrip("/").rsplit("/", 1)[-1]
        compute = self.emulator.store.get(f"{self.workspace}/computes/{name}")
        if compute is None:
            raise ValueError(f"The compute '{name}' of {what} does not exist")
        return str(compute["id"])

    def _outputs(self, steps: list[plan.Step], places: Mapping[str, Mapping[str, Place]]) -> dict[str, Any]:
        return {
            target.pipeline: asdict(self._output(target.type, places[step.name][name]))
            for step in steps
            for name, target in step.outputs.items()
            if target.pipeline
        }

    def _output(self, kind: str, place: Place) -> StepOutput:
        """An output with the address of its place."""
        found = address(BlobLocation(place.container, place.path), self.workspace, self.emulator.store)
        uri = found or self.emulator.urls.blob(place.container, place.path)
        return StepOutput(kind, place, uri if kind == "uri_file" else f"{uri}/")

    def _step(
        self, step: plan.Step, runs: Mapping[str, str], places: Mapping[str, Mapping[str, Place]]
    ) -> dict[str, Any]:
        """A step as the record of the run keeps it; ``spec`` is what its driver will be told."""
        compute = self._compute(step.compute or self.settings.default_compute, f"the step '{step.name}'")
        if compute is None:
            raise ValueError(f"The step '{step.name}' has no compute, and the deployment has no default_compute")
        spec = self._spec(step, runs[step.name], compute, places)
        assets = {
            name: {"name": target.asset, "version": target.version, "type": target.type}
            for name, target in step.outputs.items()
            if target.asset
        }
        return {
            "name": step.name, "run": runs[step.name], "needs": sorted(step.needs), "component": step.component,
            "compute": compute, "assets": assets, "spec": spec.to_document(),
        }  # fmt: skip

    def _spec(self, step: plan.Step, run: str, compute: str, places: Mapping[str, Mapping[str, Place]]) -> CommandSpec:
        store = self.emulator.store
        size = ((store.get(compute) or {}).get("properties", {}).get("properties") or {}).get("vmSize", "")
        command = step.command
        environment = self._asset(command.environment, step)
        code = self._asset(command.code, step)["codeUri"] if command.code else None
        document = registries.asset(store, step.component) or {}
        reuse = (document["properties"].get("properties") or {}).get(REUSE, "")
        return CommandSpec(
            name=run,
            job=self.name,
            step=step.name,
            folder=str(self.emulator.home / "jobs" / run),
            command=command.command,
            code=self._place(code) if code else None,
            inputs={name: self._input(source, step, name, places) for name, source in step.inputs.items()},
            outputs={name: self._output(target.type, places[step.name][name]) for name, target in step.outputs.items()},
            environment=EnvironmentSpec(
                conda_file=environment.get("condaFile") or "",
                image=environment.get("image") or "",
                reuse=str(reuse).lower() == "true",
            ),
            node=node_size(size),
            logs=Place(log_folder(run), self.container),
            timeout=step.timeout,
            variables={**context(self.served, self.asked.experiment), **step.variables},
        )

    def _input(
        self, source: plan.Source, step: plan.Step, name: str, places: Mapping[str, Mapping[str, Place]]
    ) -> StepInput:
        port = step.command.ports()[0][name]
        if isinstance(source, plan.Value):
            return StepInput(port.type, value=source.text)
        if isinstance(source, plan.Made):
            place = places[source.step][source.output]
            direct = self._output(port.type, place).uri if source.direct else None
            return StepInput(port.type, place=None if source.direct else place, address=direct, made=True)
        if source.direct:
            return StepInput(port.type, address=source.uri)
        return StepInput(port.type, place=self._place(source.uri, source.type))

    def _asset(self, reference: str, step: plan.Step) -> dict[str, Any]:
        document = registries.asset(self.emulator.store, reference)
        if document is None:
            raise ValueError(f"The asset {reference} of the step '{step.name}' does not exist any more")
        properties: dict[str, Any] = document["properties"]
        return properties
