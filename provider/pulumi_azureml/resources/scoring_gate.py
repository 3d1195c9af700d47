"""Scoring gate: what a new deployment must reach on a data asset before the default moves to it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from ..arm import ArmClient, Settings
from ..engine import InputError, Inputs, Kind, Output, arm, computed, local, reference
from ._content import digest_of
from ._types import Timeouts

_BUILT_IN = ("accuracy", "row_count", "error_rate")
_LABELLED, _COUNT = ("accuracy",), "row_count"


class ScoringGateInputs(Inputs):
    """Inputs of a scoring gate. It is evaluated when it is made, and again when what it tries or asks for changes."""

    deployment: Annotated[str, local(), Field(description="The batch deployment that is tried: resource or ARM id.")]
    data: Annotated[
        str,
        reference("data"),
        Field(
            min_length=1,
            description="What it scores: a data asset (resource, ARM id or `azureml:{name}:{version}`), or an address "
            "in storage.",
        ),
    ]
    metric: Annotated[
        str,
        local(),
        Field(
            description="`accuracy` (share of predictions that are their label), `row_count`, `error_rate` (with "
            "labels the share of wrong predictions, else the share of files that failed), or `module:function` of the "
            "program's folder: it takes predictions and labels, two lists of the same order whose items are rows by "
            "column, and returns a number."
        ),
    ]
    threshold: Annotated[
        float, local(), Field(allow_inf_nan=False, description="The least good value that passes, itself included.")
    ]
    greater_is_better: (
        Annotated[
            bool,
            local(),
            Field(
                description="Whether values above the threshold pass, or those below it. Default: true, but for "
                "`error_rate` false."
            ),
        ]
        | None
    ) = None
    labels: (
        Annotated[
            str,
            local(),
            Field(
                min_length=1,
                description="What is right: a CSV file with a header, relative to the program, or a data asset that is "
                "one (resource, ARM id or `azureml:{name}:{version}`). Its rows are matched with the predictions' by "
                "the columns of the same names; each must have its other.",
            ),
        ]
        | None
    ) = None
    columns: (
        Annotated[
            list[Annotated[str, Field(min_length=1)]],
            local(),
            Field(
                min_length=1,
                description="Names for the values of the predictions' rows, such as `['file', 'prediction']`. Required "
                "but for `row_count`, and for `error_rate` without labels.",
            ),
        ]
        | None
    ) = None
    rows_file: (
        Annotated[
            str,
            local(),
            Field(
                min_length=1,
                description="The file of predictions, where the output has several. Default: the only one, or the "
                "deployment's output file.",
            ),
        ]
        | None
    ) = None
    name: (
        Annotated[
            str,
            arm(url=True),
            Field(
                pattern=r"^[a-zA-Z0-9][a-zA-Z0-9\-_]{0,254}$",
                description="Name in messages and on the job. Default: the logical name.",
            ),
        ]
        | None
    ) = None
    timeouts: (
        Annotated[
            Timeouts,
            local(compared=False),
            Field(description="How long the job may take, and a metric of the program; two hours unless set."),
        ]
        | None
    ) = None
    scoring_digest: (
        Annotated[str, local(), Field(description="Digest of the deployment's content, known when it is a resource.")]
        | None
    ) = None
    evidence_digest: (
        Annotated[str, computed(), Field(description="Digest of the local labels and of the metric's module.")] | None
    ) = None


def _rules(values: Mapping[str, Any]) -> Iterator[InputError]:
    metric, data, deployment = values.get("metric"), values.get("data"), values.get("deployment")
    if isinstance(deployment, str) and not ("/batchendpoints/" in deployment.lower() and "/deployments/" in deployment):
        yield InputError(
            "deployment", f"should be a batch deployment, as a resource or by its ARM id, not {deployment}"
        )
    if isinstance(data, str) and "://" not in data and "/versions/" not in data:
        yield InputError(
            "data",
            f"should be a version of a data asset, or an address in storage; for a local folder make a Data "
            f"resource of it, and give that; not {data.rpartition('/')[2]}",
        )
    if not isinstance(metric, str):
        return
    if metric in _LABELLED and values.get("labels") is None:
        yield InputError("labels", f"is required for {metric}: the file that says what is right")
    if metric == _COUNT and values.get("labels") is not None:
        yield InputError("labels", f"is not looked at by {metric}: leave it out, or use another metric")
    counts = metric == _COUNT or (metric == "error_rate" and values.get("labels") is None)
    if not counts and values.get("columns") is None:
        yield InputError("columns", f"is required for {metric}: names for the values of a row of predictions")


def _derive(values: dict[str, Any], settings: Settings) -> dict[str, Any]:
    metric, labels = values["metric"], values.get("labels")
    derived = {"greaterIsBetter": metric != "error_rate", **values}
    evidence = []
    if isinstance(metric, str) and metric not in _BUILT_IN:
        evidence.append(_metric_digest(metric))
    if isinstance(labels, str) and labels.startswith("azureml:") and "://" not in labels:
        derived["labels"] = _asset_id(labels, settings)
    elif isinstance(labels, str) and not labels.startswith("/subscriptions/"):
        evidence.append(_labels_digest(labels))
    if evidence:
        derived["evidenceDigest"] = hashlib.sha256("\n".join(evidence).encode()).hexdigest()[:16]
    return derived


def _metric_digest(metric: str) -> str:
    from ..release.errors import GateError  # noqa: PLC0415 - a gate with a built-in metric does not pay for it
    from ..release.metric import find_entry  # noqa: PLC0415

    try:
        return digest_of(str(find_entry(metric, Path.cwd()).watched))
    except GateError as error:
        raise InputError("metric", str(error)) from None


def _labels_digest(labels: str) -> str:
    if not Path(labels).is_file():
        raise InputError(
            "labels", f"there is no file {labels!r}; it is looked for relative to the program's folder ({Path.cwd()})"
        )
    return digest_of(labels)


def _asset_id(text: str, settings: Settings) -> str:
    name, _, version = text.removeprefix("azureml:").partition(":")
    if not version:
        raise InputError("labels", f"names no version: write {text}:VERSION")
    return f"{settings.workspace_id}/data/{name}/versions/{version}"


def _perform(
    client: ArmClient, values: dict[str, Any], timeout: float, status: Callable[[str], None]
) -> dict[str, Any]:
    from ..release.gate import Gate, run_gate  # noqa: PLC0415 - only an evaluation needs the clients

    gate = Gate(
        name=values["name"],
        deployment=values["deployment"],
        data=values["data"],
        metric=values["metric"],
        threshold=values["threshold"],
        greater_is_better=values["greaterIsBetter"],
        labels=values.get("labels"),
        columns=values.get("columns") or (),
        rows_file=values.get("rowsFile"),
        folder=Path.cwd(),
    )
    found = run_gate(client, gate, timeout, status)
    return {"value": found.value, "job": found.job, "predictions": found.predictions}


SCORING_GATE = Kind(
    name="ScoringGate",
    title="scoring gate",
    path="scoringGates/{name}",
    inputs=ScoringGateInputs,
    outputs=(
        Output("value", "", "What the metric came to.", float),
        Output("job", "", "The job that scored."),
        Output("predictions", "", "Where its predictions are."),
    ),
    tags="",
    timeout=7200.0,
    borrows={"scoringDigest": ("deployment", "scoringDigest")},
    perform=_perform,
    derive=_derive,
    rules=_rules,
)
