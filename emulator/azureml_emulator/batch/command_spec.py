"""What the driver of a step is told to do: one document, handed to it on its standard input."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Self

from azureml_emulator.batch.spec import EnvironmentSpec, NodeSize, Place, StorageAccess


@dataclass(frozen=True)
class StepInput:
    """One input of a step: a literal ``value``, or files at a ``place``.

    ``address`` is set for inputs that are handed over as an address, without being read. ``made`` is whether a
    step of the same run made it: then it may be empty.
    """

    type: str
    value: str | None = None
    place: Place | None = None
    address: str | None = None
    made: bool = False


@dataclass(frozen=True)
class StepOutput:
    """One output of a step, where it goes, and that place's address."""

    type: str
    place: Place
    uri: str = ""


@dataclass(frozen=True)
class CommandSpec:
    """One step of a pipeline.

    ``name`` is the step's run, ``job`` the pipeline's, ``step`` its name in the pipeline. ``folder`` is the
    step's own folder on this machine, ``timeout`` in seconds.
    """

    MODULE: ClassVar[str] = "azureml_emulator.pipeline.driver"

    name: str
    job: str
    step: str
    folder: str
    command: str
    code: Place | None
    inputs: dict[str, StepInput]
    outputs: dict[str, StepOutput]
    environment: EnvironmentSpec
    node: NodeSize
    logs: Place
    timeout: float | None = None
    variables: dict[str, str] = field(default_factory=dict)
    storage: StorageAccess | None = None

    def reads(self) -> set[str]:
        """The containers that the step reads."""
        places = [self.code, *(each.place for each in self.inputs.values())]
        return {place.container for place in places if place is not None}

    def writes(self) -> set[str]:
        """The containers that the step writes."""
        return {self.logs.container, *(output.place.container for output in self.outputs.values())}

    def to_document(self) -> dict[str, Any]:
        """The specification as JSON."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        """Read the specification back from JSON."""
        values = dict(document)
        for key in ("code", "logs"):
            values[key] = Place(**values[key]) if values[key] else None
        values["inputs"] = {key: _input(value) for key, value in values["inputs"].items()}
        values["outputs"] = {
            key: StepOutput(**{**value, "place": Place(**value["place"])}) for key, value in values["outputs"].items()
        }
        values["environment"] = EnvironmentSpec(**values["environment"])
        values["node"] = NodeSize(**values["node"])
        values["storage"] = StorageAccess(**values["storage"]) if values["storage"] else None
        return cls(**values)


def _input(document: dict[str, Any]) -> StepInput:
    place = document["place"]
    return StepInput(**{**document, "place": Place(**place) if place else None})
