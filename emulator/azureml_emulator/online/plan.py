"""What a deployment serves: its content, which its instances are made of, and the settings that they run with.

Both are read once from the deployment's documents; a change of the settings alone needs no new instances.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from azureml_emulator import registries
from azureml_emulator.arm.schema import duration_seconds
from azureml_emulator.batch.spec import EnvironmentSpec, Place
from azureml_emulator.http import ServiceError
from azureml_emulator.uris import UriError, resolve

if TYPE_CHECKING:
    from azureml_emulator.emulator import Emulator
    from azureml_emulator.store import Document

MLFLOW_SCRIPT = "mlflow_score.py"
"""The scoring script of MLflow models that are deployed without one."""
_WORKSPACE_PARTS = 9


@dataclass(frozen=True)
class Content:
    """What an instance is made of.

    ``code`` is absent for an MLflow model that scores without a script. ``variables`` are the deployment's
    own environment variables, ``context`` those of the service. ``timeout`` is how long a request may take,
    in seconds: the inference server stops a script after that, too.
    """

    script: str
    code: Place | None
    model: Place | None
    environment: EnvironmentSpec
    instance_type: str
    timeout: float
    context: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """What tells this content from another, fit for a folder's name."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]

    def to_document(self) -> dict[str, Any]:
        """The content as JSON."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        """Read the content back from JSON."""
        values = dict(document)
        for key in ("code", "model"):
            values[key] = Place(**values[key]) if values[key] else None
        values["environment"] = EnvironmentSpec(**values["environment"])
        return cls(**values)


@dataclass(frozen=True)
class Probe:
    """How often and how long an instance is asked for its health; times in seconds."""

    initial_delay: float = 10.0
    period: float = 10.0
    timeout: float = 2.0
    success_threshold: int = 1
    failure_threshold: int = 30

    @property
    def patience(self) -> float:
        """Seconds after its start in which an instance must have become healthy."""
        return self.initial_delay + self.period * self.failure_threshold


@dataclass(frozen=True)
class Settings:
    """How many instances there are, how many requests each takes at a time, and how their health is watched."""

    instances: int = 1
    concurrency: int = 1
    liveness: Probe = Probe()
    readiness: Probe = Probe()

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> Self:
        """Read the settings back from what ``asdict`` gave."""
        probes = {key: Probe(**document[key]) for key in ("liveness", "readiness")}
        return cls(**{**document, **probes})


def content_of(emulator: Emulator, deployment: Document) -> Content:
    """The content of a deployment.

    Raises:
        ServiceError: an asset that it names is gone, or lies where nothing can be read.
    """
    properties = deployment["properties"]
    workspace = "/".join(str(deployment["id"]).split("/")[:_WORKSPACE_PARTS])
    code = properties["codeConfiguration"]
    environment = _asset(emulator, properties["environmentId"], "environment")
    try:
        return Content(
            script=code["scoringScript"] if code else MLFLOW_SCRIPT,
            code=_place(emulator, workspace, _asset(emulator, code["codeId"], "code")["codeUri"]) if code else None,
            model=_place(emulator, workspace, _asset(emulator, properties["model"], "model").get("modelUri")),
            environment=EnvironmentSpec(
                conda_file=environment.get("condaFile") or "",
                image=environment.get("image") or "",
                of_model=not properties["environmentId"],
            ),
            instance_type=properties["instanceType"],
            timeout=duration_seconds(properties["requestSettings"]["requestTimeout"]),
            context=_context(deployment["id"]),
            variables=properties["environmentVariables"],
        )
    except UriError as error:
        raise ServiceError(400, "BadArgument", str(error)) from error


def settings_of(deployment: Document) -> Settings:
    """The settings of a deployment."""
    properties = deployment["properties"]
    return Settings(
        instances=deployment["sku"]["capacity"],
        concurrency=properties["requestSettings"]["maxConcurrentRequestsPerInstance"],
        liveness=_probe(properties["livenessProbe"]),
        readiness=_probe(properties["readinessProbe"]),
    )


def _probe(given: Document) -> Probe:
    return Probe(
        initial_delay=duration_seconds(given["initialDelay"]),
        period=duration_seconds(given["period"]),
        timeout=duration_seconds(given["timeout"]),
        success_threshold=given["successThreshold"],
        failure_threshold=given["failureThreshold"],
    )


def _asset(emulator: Emulator, reference: str | None, what: str) -> Document:
    if not reference:
        return {}
    document = registries.asset(emulator.store, reference)
    if document is None:
        raise ServiceError(400, "BadArgument", f"The {what} {reference} of the deployment does not exist any more.")
    properties: Document = document["properties"]
    return properties


def _place(emulator: Emulator, workspace: str, uri: str | None) -> Place | None:
    if not uri:
        return None
    found = resolve(uri, workspace, emulator.store)
    return Place(found.path, found.container)


def _context(deployment: str) -> dict[str, str]:
    parts = deployment.split("/")
    return {
        "AZUREML_ARM_SUBSCRIPTION": parts[2],
        "AZUREML_ARM_RESOURCEGROUP": parts[4],
        "AZUREML_ARM_WORKSPACE_NAME": parts[8],
        "WORKSPACE_NAME": parts[8],
        "SERVICE_NAME": parts[10],
    }
