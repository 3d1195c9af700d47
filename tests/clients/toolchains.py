"""How each language runs a generated client, with its waiting written down instead of waited.

A client that waits ``Retry-After`` seconds would make slow tests; each toolchain puts something in the place of its
language's way to wait, which notes the seconds in a file and goes on soon.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from azureml_codegen import Client
from azureml_emulator.azurite.install import installed

BRIEFLY = 0.05
_LIBRARIES = {
    "System.Net.Http": "libmono-system-net-http4.0-cil",
    "System.Runtime.Serialization": "libmono-system-runtime-serialization4.0-cil",
    "System.Xml.Linq": "libmono-system-xml-linq4.0-cil",
}
_PYTHON = """
    import time
    def sleep(seconds, real=time.sleep):
        with open({log!r}, "a") as log:
            log.write(f"{{float(seconds):g}}\\n")
        real(min(seconds, {briefly}))
    time.sleep = sleep
"""
_NODE = """
    import {{ appendFileSync }} from "node:fs";
    import {{ syncBuiltinESMExports }} from "node:module";
    import timers from "node:timers/promises";
    const real = timers.setTimeout;
    timers.setTimeout = (milliseconds) => {{
      appendFileSync({log!r}, `${{milliseconds / 1000}}\\n`);
      return real(Math.min(milliseconds, 1000 * {briefly}));
    }};
    syncBuiltinESMExports();
"""
_SHELL = """\
    #!/bin/sh
    echo "$1" >> {log!r}
    exec /bin/sleep {briefly}
"""
_R = """
    note <- function(seconds, ...) {{
      cat(seconds, "\\n", sep = "", file = {log!r}, append = TRUE)
      .Internal(Sys.sleep({briefly}))
    }}
    unlockBinding("Sys.sleep", baseenv())
    assign("Sys.sleep", note, baseenv())
    setHook(packageEvent("httr2", "onLoad"), function(...) utils::assignInNamespace("sys_sleep", note, "httr2"))
"""
_CSHARP = """
    using System; using System.IO; using System.Threading.Tasks;
    static class Probe
    {{
        static int Main(string[] arguments)
        {{
            RetryHandler.Delay = pause =>
            {{
                File.AppendAllText("{log}", pause.TotalSeconds.ToString() + "\\n");
                return Task.Delay(TimeSpan.FromSeconds({briefly}));
            }};
            return Program.Main(arguments);
        }}
    }}
"""


@dataclass(frozen=True)
class Run:
    """How a client ended: its exit code, what it said, and the seconds that it waited, one entry for each time."""

    code: int
    out: str
    err: str
    waited: list[float]


@dataclass(frozen=True)
class Prepared:
    """A client that can be run: the command, and what its environment needs besides the emulator's."""

    command: Sequence[str]
    variables: Mapping[str, str]
    log: Path

    def run(self, environment: Mapping[str, str], *arguments: str | Path, stdin: str | None = None) -> Run:
        """Run the client to its end."""
        self.log.unlink(missing_ok=True)
        done = subprocess.run(
            [*self.command, *map(str, arguments)],
            env={**os.environ, **environment, **self.variables},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        waited = [float(line) for line in self.log.read_text().split()] if self.log.exists() else []
        return Run(done.returncode, done.stdout, done.stderr, waited)


def prepare(client: Client, folder: Path, bundle: Path) -> Prepared:
    """Write a client down, build it where its language does that, and let it trust ``bundle``; or skip the test."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / client.file_name
    file.write_text(client.text, encoding="utf-8")
    return _PREPARE[client.language](file, folder / "waited.txt", bundle)


def _written(path: Path, template: str, log: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(template.format(log=str(log), briefly=BRIEFLY)))
    return path


def _python(file: Path, log: Path, bundle: Path) -> Prepared:
    site = _written(file.parent / "site" / "sitecustomize.py", _PYTHON, log)
    return Prepared([sys.executable, str(file)], {"PYTHONPATH": str(site.parent)}, log)


def _javascript(file: Path, log: Path, bundle: Path) -> Prepared:
    found = installed()
    node = str(found.node) if found is not None else needed("node", "nodejs")
    preload = _written(file.parent / "waiting.mjs", _NODE, log)
    return Prepared([node, "--import", str(preload), str(file)], {"NODE_EXTRA_CA_CERTS": str(bundle)}, log)


def _curl(file: Path, log: Path, bundle: Path) -> Prepared:
    needed("curl", "curl"), needed("jq", "jq")
    sleep = _written(file.parent / "bin" / "sleep", _SHELL, log)
    sleep.chmod(0o755)
    return Prepared(["bash", str(file)], {"PATH": f"{sleep.parent}:{os.environ['PATH']}"}, log)


def _r(file: Path, log: Path, bundle: Path) -> Prepared:
    rscript = needed("Rscript", "r-base-core")
    if not _has_httr2(rscript):
        pytest.skip("the package r-cran-httr2 is not installed")
    profile = _written(file.parent / "profile.R", _R, log)
    return Prepared([rscript, str(file)], {"R_PROFILE_USER": str(profile)}, log)


@cache
def _has_httr2(rscript: str) -> bool:
    asked = [rscript, "--vanilla", "-e", 'quit(status = !nzchar(system.file(package = "httr2")))']
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def _csharp(file: Path, log: Path, bundle: Path) -> Prepared:
    compiler, mono = needed("mcs", "mono-mcs"), needed("mono", "mono-runtime")
    program = built(file, compiler, _written(file.parent / "Probe.cs", _CSHARP, log), main="Probe")
    return Prepared([mono, str(program)], {"HOME": str(_mono_home(file.parent / "home", bundle))}, log)


def built(file: Path, compiler: str, *more: Path, main: str = "Program") -> Path:
    """Compile a C# client, without a warning; the test is skipped where a library is missing."""
    program = file.with_suffix(".exe")
    options = [f"-r:{library}" for library in _LIBRARIES] + [f"-main:{main}", "-warnaserror", f"-out:{program}"]
    command = [compiler, *options, str(file), *map(str, more)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    missing = [package for library, package in _LIBRARIES.items() if f"`{library}' could not be found" in said]
    if missing:
        pytest.skip(f"the package {missing[0]} is not installed")
    assert done.returncode == 0, said
    return program


def _mono_home(home: Path, bundle: Path) -> Path:
    """A home whose trusted authorities are those of ``bundle``: Mono heeds no variable for that."""
    trust = home / ".config" / ".mono" / "new-certs" / "Trust"
    trust.mkdir(parents=True, exist_ok=True)
    asked = [needed("openssl", "openssl"), "x509", "-noout", "-subject_hash", "-in", str(bundle)]
    name = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    (trust / f"{name}.0").write_bytes(bundle.read_bytes())
    return home


def needed(program: str, package: str) -> str:
    """The path of a program; the test is skipped where it is missing."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"'{program}' is not there: install the package {package}")
    return found


_PREPARE = {"python": _python, "javascript": _javascript, "curl": _curl, "r": _r, "csharp": _csharp}
