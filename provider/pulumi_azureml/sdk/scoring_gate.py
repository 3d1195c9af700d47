"""Scoring gate: what a new deployment must reach on a data asset before the default moves to it.

Generated from `pulumi_azureml.resources.scoring_gate` by `make sdk`; do not edit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi

from ..dynamic import ScoringGateProvider
from ..resource import AzureMLResource, lent
from .batch_deployment import BatchDeployment
from .data import Data
from .shared import TimeoutsArgs


class ScoringGate(AzureMLResource, module="azureml", name="ScoringGate"):
    """Scoring gate: what a new deployment must reach on a data asset before the default moves to it."""

    def __init__(
        self,
        resource_name: str,
        *,
        deployment: pulumi.Input[str] | BatchDeployment,
        data: pulumi.Input[str] | Data,
        metric: pulumi.Input[str],
        threshold: pulumi.Input[float],
        greater_is_better: pulumi.Input[bool] | None = None,
        labels: pulumi.Input[str] | Data | None = None,
        columns: pulumi.Input[Sequence[str]] | None = None,
        rows_file: pulumi.Input[str] | None = None,
        name: pulumi.Input[str] | None = None,
        timeouts: pulumi.Input[TimeoutsArgs] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the scoring gate.

        Args:
            resource_name: The logical name in the program, unique among resources of this kind.
            deployment: The batch deployment that is tried: resource or ARM id.
            data: What it scores: a data asset (resource, ARM id or `azureml:{name}:{version}`), or an address in
                storage.
            metric: `accuracy` (share of predictions that are their label), `row_count`, `error_rate` (with labels the
                share of wrong predictions, else the share of files that failed), or `module:function` of the
                program's folder: it takes predictions and labels, two lists of the same order whose items are rows by
                column, and returns a number.
            threshold: The least good value that passes, itself included.
            greater_is_better: Whether values above the threshold pass, or those below it. Default: true, but for
                `error_rate` false.
            labels: What is right: a CSV file with a header, relative to the program, or a data asset that is one
                (resource, ARM id or `azureml:{name}:{version}`). Its rows are matched with the predictions' by the
                columns of the same names; each must have its other.
            columns: Names for the values of the predictions' rows, such as `['file', 'prediction']`. Required but for
                `row_count`, and for `error_rate` without labels.
            rows_file: The file of predictions, where the output has several. Default: the only one, or the
                deployment's output file.
            name: Name in messages and on the job. Default: the logical name. A change replaces the resource.
            timeouts: How long the job may take, and a metric of the program; two hours unless set.
            opts: The engine's own options: parent, protect, aliases and others.
        """
        given: dict[str, Any] = {
            "deployment": deployment,
            "data": data,
            "metric": metric,
            "threshold": threshold,
            "greaterIsBetter": greater_is_better,
            "labels": labels,
            "columns": columns,
            "rowsFile": rows_file,
            "name": name,
            "timeouts": timeouts,
            "scoringDigest": lent(deployment, "scoringDigest"),
        }
        made = ("value", "job", "predictions", "evidenceDigest")
        super().__init__(ScoringGateProvider(), resource_name, given, made, opts)

    @property
    def deployment(self) -> pulumi.Output[str]:
        """The batch deployment that is tried: resource or ARM id."""
        return self._output("deployment")

    @property
    def data(self) -> pulumi.Output[str]:
        """What it scores: a data asset (resource, ARM id or `azureml:{name}:{version}`), or an address in storage."""
        return self._output("data")

    @property
    def metric(self) -> pulumi.Output[str]:
        """`accuracy` (share of predictions that are their label), `row_count`, `error_rate` (with labels the share of wrong predictions, else the share of files that failed), or `module:function` of the program's folder: it takes predictions and labels, two lists of the same order whose items are rows by column, and returns a number."""
        return self._output("metric")

    @property
    def threshold(self) -> pulumi.Output[float]:
        """The least good value that passes, itself included."""
        return self._output("threshold")

    @property
    def greater_is_better(self) -> pulumi.Output[bool]:
        """Whether values above the threshold pass, or those below it. Default: true, but for `error_rate` false."""
        return self._output("greaterIsBetter")

    @property
    def labels(self) -> pulumi.Output[str]:
        """What is right: a CSV file with a header, relative to the program, or a data asset that is one (resource, ARM id or `azureml:{name}:{version}`). Its rows are matched with the predictions' by the columns of the same names; each must have its other."""
        return self._output("labels")

    @property
    def columns(self) -> pulumi.Output[Sequence[str]]:
        """Names for the values of the predictions' rows, such as `['file', 'prediction']`. Required but for `row_count`, and for `error_rate` without labels."""
        return self._output("columns")

    @property
    def rows_file(self) -> pulumi.Output[str]:
        """The file of predictions, where the output has several. Default: the only one, or the deployment's output file."""
        return self._output("rowsFile")

    @property
    def name(self) -> pulumi.Output[str]:
        """Name in messages and on the job. Default: the logical name."""
        return self._output("name")

    @property
    def value(self) -> pulumi.Output[float]:
        """What the metric came to."""
        return self._output("value")

    @property
    def job(self) -> pulumi.Output[str]:
        """The job that scored."""
        return self._output("job")

    @property
    def predictions(self) -> pulumi.Output[str]:
        """Where its predictions are."""
        return self._output("predictions")
