"""Run benchmarks: `python -m benchmarks [NAME ...] [OPTION ...]`; without a name all of them, one after the other.

A benchmark is a module of this folder with a docstring and `main(arguments: list[str]) -> None`. Options go to each
benchmark that is run.
"""

import importlib
import pkgutil
import sys
from pathlib import Path

HERE = Path(__file__).parent


def names() -> list[str]:
    """Return the benchmarks that there are."""
    return sorted(module.name for module in pkgutil.iter_modules([str(HERE)]) if not module.name.startswith("_"))


def usage() -> str:
    """Return what there is to choose from."""
    lines = [f"  {name:12} {(importlib.import_module(f'benchmarks.{name}').__doc__ or '').partition('.')[0]}"
             for name in names()]  # fmt: skip
    return "\n".join(["usage: python -m benchmarks [NAME ...] [OPTION ...]", "", *lines])


def main(arguments: list[str]) -> None:
    """Run what the arguments name."""
    if arguments in (["-h"], ["--help"]):
        print(usage())
        return
    count = next((i for i, argument in enumerate(arguments) if argument.startswith("-")), len(arguments))
    chosen, options = arguments[:count] or names(), arguments[count:]
    unknown = set(chosen) - set(names())
    if unknown:
        raise SystemExit(f"There is no benchmark '{min(unknown)}'. There are: {', '.join(names())}.")
    for name in chosen:
        importlib.import_module(f"benchmarks.{name}").main(options)


if __name__ == "__main__":
    main(sys.argv[1:])
