"""The metrics of a gate: built in, or a function of the program, which runs in a process of its own."""

from __future__ import annotations

import ast
import json
import math
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..consume.failure import last_traceback, user_frame
from .errors import GateError
from .matching import Row, answers, same_answer

ACCURACY, ROW_COUNT, ERROR_RATE = BUILT_IN = ("accuracy", "row_count", "error_rate")
ENTRY = re.compile(r"(?P<module>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):(?P<function>[A-Za-z_]\w*)")
_CHILD = Path(__file__).with_name("metric_process.py")


@dataclass(frozen=True)
class Entry:
    """A metric of the program: `module:function`, the module's file and the function's name."""

    name: str
    file: Path
    function: str

    @property
    def watched(self) -> Path:
        """What a change of means another metric: the module's file, or the whole folder of a package."""
        return self.file.parent if self.file.name == "__init__.py" else self.file


def find_entry(metric: str, folder: Path) -> Entry:
    """The function that `module:function` names, looked for in the program's folder and not run.

    Raises:
        GateError: there is no such module, it is not Python, or has no such function.
    """
    match = ENTRY.fullmatch(metric)
    if match is None:
        raise GateError(f"should be one of {', '.join(BUILT_IN)}, or `module:function`, not {metric!r}")
    place = folder.joinpath(*match["module"].split("."))
    candidates = (place.with_name(f"{place.name}.py"), place / "__init__.py")
    file = next((each for each in candidates if each.is_file()), None)
    if file is None:
        raise GateError(f"names the module {match['module']}, and there is no {candidates[0]}")
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise GateError(f"cannot be read: {file}{line}: {getattr(error, 'msg', error)}") from None
    names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    names |= {alias.asname or alias.name for n in tree.body if isinstance(n, ast.ImportFrom) for alias in n.names}
    names |= {t.id for n in tree.body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
    if match["function"] not in names:
        there = ", ".join(sorted(names)) or "nothing"
        raise GateError(f"names a function that {file} does not have; it has {there}")
    return Entry(metric, file, match["function"])


def accuracy(predictions: Sequence[Row], labels: Sequence[Row]) -> float:
    """The share of predictions that are their label; both in the same order."""
    predicted = answers(predictions, labels, "predictions")
    right = answers(labels, predictions, "labels")
    return sum(map(same_answer, predicted, right)) / len(predicted)


def measure(
    entry: Entry, predictions: Sequence[Row], labels: Sequence[Row] | None, folder: Path, *, timeout: float
) -> float:
    """What the program's own function says.

    It runs in a process of its own, with the interpreter that runs the program and in the program's folder: so it can
    neither end, block nor change the provider's process.

    Args:
        entry: which function.
        predictions: the rows, values as text.
        labels: the row of each prediction, in the same order; None where the gate has no labels.
        folder: the program's.
        timeout: seconds that it may take.

    Raises:
        GateError: it raised (the text names file and line), took too long, or returned no finite number.
    """
    with tempfile.TemporaryDirectory(prefix="gate-") as own:
        given, told = Path(own, "given.json"), Path(own, "told.json")
        rows = {"predictions": list(predictions), "labels": None if labels is None else list(labels)}
        given.write_text(json.dumps({"file": str(entry.file), "function": entry.function, **rows}), encoding="utf-8")
        command = [sys.executable, str(_CHILD), str(given), str(told)]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise GateError(f"the metric {entry.name} did not return within {timeout:g} s.") from None
        said = done.stderr.decode(errors="replace")
        if done.returncode or not told.exists():
            raise GateError(_raised(entry, said, done.returncode))
        return _number(entry, json.loads(told.read_text(encoding="utf-8")))


def _raised(entry: Entry, said: str, code: int) -> str:
    trace = last_traceback(said)
    if not trace:
        last = said.strip().rpartition("\n")[2]
        return f"the metric {entry.name} ended its process with exit code {code}" + (f": {last}" if last else ".")
    frame = user_frame(trace)
    where = f"\n  where: {Path(frame['file']).name}:{frame['line']}" if frame else ""
    where += f" in {frame['function']}" if frame and frame["function"] else ""
    indented = "\n".join(f"    {line}" for line in trace.splitlines())
    return f"the metric {entry.name} raised.\n  cause: {trace.splitlines()[-1]}{where}\n{indented}"


def _number(entry: Entry, told: dict[str, str]) -> float:
    if "number" not in told:
        raise GateError(
            f"the metric {entry.name} returned {told['shown']}, which is no number: a metric returns one number."
        )
    value = float(told["number"])
    if not math.isfinite(value):
        raise GateError(
            f"the metric {entry.name} returned {told['number']}: nothing is above or below a threshold by that. Look "
            "for values that are missing in predictions or labels."
        )
    return value
