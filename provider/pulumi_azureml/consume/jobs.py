"""A batch scoring job as the service reports it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

COMPLETED = "Completed"
FAILED = "Failed"
CANCELED = "Canceled"

TERMINAL_STATES = frozenset({COMPLETED, FAILED, CANCELED, "NotResponding", "Paused"})
"""States that a job leaves no more by itself (the same set as the official Python client's)."""

STATES_WITH_STEPS = TERMINAL_STATES | {"Running", "Finalizing", "CancelRequested"}
"""States in which the scoring step exists, so that its progress and its logs can be asked for."""


@dataclass(frozen=True)
class BatchJob:
    """One job of a batch endpoint.

    ``name`` is ``batchjob-{guid}``, ``status`` one of the service's job states. ``scoring_uri`` is the
    endpoint's invocation URL where it is known: the job is then polled there, otherwise over ARM.
    ``output_uri`` is the custom output location, ``None`` for the default one. ``retry_after`` is the
    number of seconds the service asked to wait before the next poll. ``tags`` are the caller's and the service's,
    ``outputs`` the places that the caller has asked for outputs to go to, by name.
    """

    name: str
    status: str
    scoring_uri: str | None = None
    endpoint: str | None = None
    deployment: str | None = None
    created: str | None = None
    output_file_name: str | None = None
    output_uri: str | None = None
    retry_after: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict, compare=False)
    outputs: Mapping[str, str] = field(default_factory=dict, compare=False)

    @property
    def finished(self) -> bool:
        """True when the status changes no more."""
        return self.status in TERMINAL_STATES

    def summary(self) -> dict[str, str | None]:
        """The fields that a listing shows, as JSON."""
        return {
            "job": self.name,
            "status": self.status,
            "endpoint": self.endpoint,
            "deployment": self.deployment,
            "created": self.created,
        }


def job_from_document(
    document: Mapping[str, Any], *, scoring_uri: str | None = None, headers: Mapping[str, str] | None = None
) -> BatchJob:
    """The job in a body of the data plane, of ARM or of a listing: they share these names.

    Keys are taken in any case: the data plane answers both ``properties`` and ``Properties``.
    """
    fields = _lowered(document)
    properties = _lowered(fields.get("properties"))
    extra = _lowered(properties.get("properties"))
    system = _lowered(fields.get("systemdata"))
    outputs = properties.get("outputdata")
    first_output = _lowered(next(iter(outputs.values()), None)) if isinstance(outputs, Mapping) else {}
    return BatchJob(
        name=str(fields.get("name", "")),
        status=str(properties.get("status") or "Unknown"),
        scoring_uri=scoring_uri,
        endpoint=_text(extra.get("azureml.endpointname")),
        deployment=_text(extra.get("azureml.deploymentname")),
        created=_text(system.get("createdat") or properties.get("starttime") or extra.get("createdat")),
        output_file_name=_text(properties.get("outputfilename") or extra.get("outputfilename")),
        output_uri=_text(first_output.get("uri")),
        retry_after=_seconds(headers),
        tags=_tags(fields, properties),
        outputs={str(name): str(uri) for name, uri in _uris(outputs)},
    )


def _uris(outputs: object) -> Iterator[tuple[object, object]]:
    for name, each in outputs.items() if isinstance(outputs, Mapping) else ():
        if uri := _lowered(each).get("uri"):
            yield name, uri


def _lowered(value: object) -> dict[str, Any]:
    return {str(key).lower(): item for key, item in value.items()} if isinstance(value, Mapping) else {}


def _tags(*documents: Mapping[str, Any]) -> dict[str, str]:
    found: Mapping[str, Any] = next((each["tags"] for each in documents if isinstance(each.get("tags"), Mapping)), {})
    return {str(name): str(value) for name, value in found.items()}


def _text(value: object) -> str | None:
    return str(value) if value else None


def _seconds(headers: Mapping[str, str] | None) -> float | None:
    """``Retry-After`` in seconds; the HTTP-date form and nonsense count as absent."""
    for key, value in (headers or {}).items():
        if key.lower() == "retry-after":
            try:
                return max(0.0, float(value))
            except ValueError:
                return None
    return None
