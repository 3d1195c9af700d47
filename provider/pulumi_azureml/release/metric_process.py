"""The process of a metric: reads rows from a file, calls the program's function, and writes what it returned.

Run as a file, and with the standard library alone: it starts at once and brings nothing into the program's way.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import numbers
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def load(file: Path, function: str) -> Callable[..., Any]:
    """The function, from its module's file; modules beside the program are found, as the program finds them."""
    sys.path[0] = str(Path.cwd())  # in place of this script's own folder
    spec = importlib.util.spec_from_file_location(file.stem if file.name != "__init__.py" else file.parent.name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    found: Callable[..., Any] = getattr(module, function)
    return found


def call(function: Callable[..., Any], predictions: list[dict[str, str]], labels: list[dict[str, str]] | None) -> Any:
    """With predictions and labels, or with the predictions alone where there are no labels."""
    if labels is not None:
        return function(predictions, labels)
    try:
        inspect.signature(function).bind(predictions)
    except TypeError:
        raise TypeError(
            f"{getattr(function, '__name__', function)} takes labels, and the gate has none: give it labels"
        ) from None
    return function(predictions)


def main(given: Path, told: Path) -> None:
    """Call the function that the file `given` names, and write what came back to the file `told`."""
    task = json.loads(given.read_text(encoding="utf-8"))
    value = call(load(Path(task["file"]), task["function"]), task["predictions"], task["labels"])
    shown = f"{value!r} ({type(value).__name__})"
    # numpy's numbers are registered as real ones; True and False are no measurement.
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    answer = {"shown": shown[:200]} | ({"number": repr(float(value))} if is_number else {})
    told.write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
