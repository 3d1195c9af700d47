"""What happened on each node, told as the service tells it ("Troubleshooting the ParallelRunStep").

* ``logs/sys/node/<node>/_main.txt``: workers that began and ended there, with their exit codes
* ``logs/sys/node/<node>/<process>.txt``: every mini-batch that the process tried
* ``logs/sys/job_report/processed_mini-batches.csv``: the same of all processes, as a table
* ``logs/perf/<node>/node_resource_usage.csv``, ``processes_resource_usage.csv``: memory, processes and disk
"""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from azureml_emulator.batch.attempt import COLUMNS, Attempt
from azureml_emulator.batch.process_tree import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from azureml_emulator.batch.logs import LogFolder
    from azureml_emulator.batch.workers import Slot

REPORT = "logs/sys/job_report/processed_mini-batches.csv"
_NODE_COLUMNS = ("time", "processes", "memory bytes", "job disk bytes")
_PROCESS_COLUMNS = ("time", "process name", "processes", "memory bytes")


class NodeLogs:
    """The logs of a job's nodes."""

    def __init__(self, logs: LogFolder) -> None:
        self._logs = logs

    def started(self, slot: Slot, pid: int) -> None:
        """A worker was started."""
        self._logs.add(_main(slot), f"{slot.process_name} started as process {pid}")

    def ended(self, slot: Slot, pid: int, code: int) -> None:
        """A worker is gone; ``code`` is its exit code, negative for a signal."""
        self._logs.add(_main(slot), f"{slot.process_name} (process {pid}) exits with returncode {code}.")

    def attempted(self, attempt: Attempt) -> None:
        """A try of a mini-batch has ended."""
        slot = attempt.slot
        self._logs.add(f"logs/sys/node/{slot.node_name}/{slot.process_name}.txt", f"[{attempt.pid}] {attempt}")
        self._table(REPORT, COLUMNS, [attempt.cells()])

    def resources(self, usages: dict[Slot, Usage], written: int) -> None:
        """What each worker uses now, and the bytes that the job's scripts have written."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        for node in sorted({slot.node_name for slot in usages}):
            mine = {slot.process_name: usage for slot, usage in usages.items() if slot.node_name == node}
            rows = [[now, name, str(usage.processes), str(usage.memory)] for name, usage in sorted(mine.items())]
            self._table(f"logs/perf/{node}/processes_resource_usage.csv", _PROCESS_COLUMNS, rows)
            processes = sum(usage.processes for usage in mine.values())
            memory = sum(usage.memory for usage in mine.values())
            row = [now, str(processes), str(memory), str(written)]
            self._table(f"logs/perf/{node}/node_resource_usage.csv", _NODE_COLUMNS, [row])

    def _table(self, name: str, columns: Iterable[str], rows: list[list[str]]) -> None:
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        if not self._logs.exists(name):
            table.writerow(columns)
        table.writerows(rows)
        self._logs.add(name, text.getvalue(), stamped=False)


def _main(slot: Slot) -> str:
    return f"logs/sys/node/{slot.node_name}/_main.txt"
