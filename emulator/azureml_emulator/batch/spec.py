"""What a driver is told to do: one document, handed to it on its standard input.

The document is the whole interface between the emulator and a job. It holds no key: blobs are reached
through one container SAS for each container that the job needs.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal, Self

OutputAction = Literal["AppendRow", "SummaryOnly"]


@dataclass(frozen=True)
class Place:
    """Where files are: below a blob container, or (empty container) in a folder of this machine.

    ``path`` names one blob or file, or the folder that holds many.
    """

    path: str
    container: str = ""

    @property
    def name(self) -> str:
        """The last segment of the path, which is the name that a registered folder keeps."""
        return self.path.rstrip("/").rsplit("/", 1)[-1]


@dataclass(frozen=True)
class StorageAccess:
    """How to reach the blob service: its URL with the account, and a SAS token for each container.

    ``contents`` is the folder of contents that are on this machine already (empty for none).
    """

    url: str
    sas: dict[str, str] = field(repr=False)
    contents: str = ""


@dataclass(frozen=True)
class EnvironmentSpec:
    """What the scoring script's interpreter must offer.

    ``conda_file`` is the environment's conda YAML text (empty for none), ``image`` its container image,
    which is recorded only. ``reuse`` lets the emulator's own interpreter serve, if it has every package.
    ``of_model`` takes the conda file out of the MLflow model, where the deployment names no environment.
    """

    conda_file: str = ""
    image: str = ""
    reuse: bool = False
    of_model: bool = False


@dataclass(frozen=True)
class Scoring:
    """How the work is cut, run and judged (the batch deployment's settings, defaults as in the service).

    ``timeout`` is in seconds and bounds one call of ``run()``; ``max_retries`` comes on top of the first
    attempt; ``error_threshold`` counts items, -1 tolerates all.
    """

    mini_batch_size: int = 10
    concurrency: int = 1
    nodes: int = 1
    error_threshold: int = -1
    max_retries: int = 3
    timeout: float = 30.0
    output_action: OutputAction = "AppendRow"
    output_file: str = "predictions.csv"
    logging_level: str = "Info"


@dataclass(frozen=True)
class NodeSize:
    """One node's share of this machine: cores, bytes of memory, bytes that scripts may write to disk (0: not limited).

    ``processes`` is how many a worker may be, with everything that it starts.
    """

    name: str
    cores: int
    memory: int
    disk: int = 0
    processes: int = 512


@dataclass(frozen=True)
class JobSpec:
    """One job.

    ``name`` is the parent job's, ``child`` the scoring step's. ``folder`` is the job's own folder on this
    machine. ``script`` is the scoring script's path below ``code``; with no ``code`` the model is an MLflow
    model that scores without a script. ``output`` is where rows and files go, ``logs`` and ``parent_logs``
    where the step's and the job's logs go.
    """

    MODULE: ClassVar[str] = "azureml_emulator.batch.driver"
    """The module that carries it out."""

    name: str
    child: str
    folder: str
    script: str
    code: Place | None
    model: Place | None
    data: Place
    output: Place
    logs: Place
    parent_logs: Place
    environment: EnvironmentSpec
    scoring: Scoring
    node: NodeSize
    variables: dict[str, str] = field(default_factory=dict)
    storage: StorageAccess | None = None

    def reads(self) -> set[str]:
        """The containers that the job reads."""
        return {place.container for place in (self.code, self.model, self.data) if place is not None}

    def writes(self) -> set[str]:
        """The containers that the job writes."""
        return {self.output.container, self.logs.container, self.parent_logs.container}

    def to_document(self) -> dict[str, Any]:
        """The specification as JSON."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        """Read the specification back from JSON."""
        values = dict(document)
        for key in ("code", "model", "data", "output", "logs", "parent_logs"):
            values[key] = Place(**values[key]) if values[key] else None
        values["environment"] = EnvironmentSpec(**values["environment"])
        values["scoring"] = Scoring(**values["scoring"])
        values["node"] = NodeSize(**values["node"])
        values["storage"] = StorageAccess(**values["storage"]) if values["storage"] else None
        return cls(**values)
