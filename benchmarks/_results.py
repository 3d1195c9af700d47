"""Keeping what a benchmark measured, with the machine that it was measured on."""

import json
import os
import platform
from datetime import UTC, datetime
from typing import Any

from e2e.local import ROOT

RESULTS = ROOT / "benchmarks/results"


def keep(name: str, samples: dict[str, Any]) -> None:
    """Write the samples of one run of a benchmark to benchmarks/results and say where."""
    now = datetime.now(UTC)
    RESULTS.mkdir(exist_ok=True)
    target = RESULTS / f"{name}-{now:%Y%m%dT%H%M%SZ}.json"
    machine = {"platform": platform.platform(), "cores": os.cpu_count(), "python": platform.python_version()}
    target.write_text(json.dumps({"at": now.isoformat(), **machine, **samples}, indent=1))
    print(f"samples: {target.relative_to(ROOT)}")
