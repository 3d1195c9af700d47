"""One step of a pipeline from its specification to its outputs: prepare, wait for a node, run the command, upload."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azureml_emulator.batch import environment, limits
from azureml_emulator.batch.failure import Failure, JobFailedError, Screen
from azureml_emulator.batch.files import AnyFiles, NothingThereError, PlaceError
from azureml_emulator.batch.logs import LogFolder, Uploader
from azureml_emulator.batch.materialise import fetch_all
from azureml_emulator.batch.process_tree import kill_tree
from azureml_emulator.batch.spec import Place
from azureml_emulator.batch.variables import base_variables
from azureml_emulator.pipeline.crash import explain
from azureml_emulator.pipeline.expressions import fill
from azureml_emulator.pipeline.watch import EVERY, Watch
from azureml_emulator.settings import cache_folder

if TYPE_CHECKING:
    from azureml_emulator.batch.command_spec import CommandSpec, StepInput
    from azureml_emulator.batch.scoring import Reporter

STD_LOG = "user_logs/std_log.txt"
LIFECYCLE = "system_logs/lifecycler.txt"
LEASH = Path(__file__).with_name("leash.py")
_THREADS = 8


class CommandJob:
    """One run of one step. Run again in the same folder, it begins the command anew."""

    def __init__(self, spec: CommandSpec, control: Reporter) -> None:
        self.spec = spec
        self.control = control
        self.folder = Path(spec.folder)
        self.logs = LogFolder(self.folder / "logs")
        self.files = AnyFiles(spec.storage)
        self._uploader = Uploader([(self.logs.folder, self.files.at(spec.logs), spec.logs)], self._announce)
        self._python = ""
        self._inputs: dict[str, str | None] = {}

    def run(self) -> None:
        """Do everything.

        Raises:
            JobFailedError: the step failed.
            JobCanceledError: it was canceled.
        """
        self._begin()
        self._state("Preparing")
        self._prepare()
        self._state("Queued")
        self.control.wait_for_nodes()
        self._state("Running")
        outputs = self._make_outputs()
        self._execute(outputs)
        self.control.check()
        self._state("Finalizing")
        self._upload(outputs)

    def screen(self, reason: JobFailedError) -> dict[str, Any]:
        """A failure as the error of the step's run."""
        return Screen(self.spec.name, reason.headline, reason.failure).error()

    def close(self, status: str, error: dict[str, Any] | None) -> None:
        """Say how it ended in the logs, and bring them to the datastore."""
        if error is not None:
            self._note(error["message"])
        self._state_line(status)
        for problem in self._uploader.finish():
            self.control.emit("notice", text=problem)
        self.files.close()

    # -- the phases --------------------------------------------------------------------------------------

    def _begin(self) -> None:
        ran = self.folder / "begun"
        for folder in (self.folder / "inputs", self.folder / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        if ran.exists():
            self._note("The emulator was stopped while this step ran: its command begins anew.")
        ran.touch()
        self._uploader.start()

    def _prepare(self) -> None:
        """Environment, code and inputs."""
        with ThreadPoolExecutor(_THREADS) as threads:
            code = threads.submit(self._fetch_code)
            inputs = {name: threads.submit(self._fetch, name, given) for name, given in self.spec.inputs.items()}
            built = environment.prepare(self.spec.environment, cache_folder() / "environments", self._note)
            code.result()
            self._inputs = {name: future.result() for name, future in inputs.items()}
        self.control.check()
        for notice in built.notices:
            self._note(notice)
            self.control.emit("notice", text=notice)
        self._python = str(built.python)

    def _fetch_code(self) -> None:
        target = self.folder / "code"
        if self.spec.code is None:
            target.mkdir(exist_ok=True)
        else:
            fetch_all(self.files, self.spec.code, target, "code")

    def _fetch(self, name: str, given: StepInput) -> str | None:
        """The value that the command gets for an input: a literal, an address, or a path on this machine."""
        if given.place is None:
            return given.value if given.address is None else given.address
        target = self.folder / "inputs" / name
        try:
            found = self.files.at(given.place).list(given.place)
        except NothingThereError as error:
            if not given.made:
                raise JobFailedError(Failure("input", f"the input '{name}' has no files: {error}")) from error
            target.mkdir(exist_ok=True)
            return str(target)
        except PlaceError as error:
            raise JobFailedError(Failure("input", f"the input '{name}' could not be listed: {error}")) from error
        single = found.folder != given.place
        if single != (given.type == "uri_file") and given.type in {"uri_file", "uri_folder"}:
            what = "a single file" if single else "a folder"
            title = f"the input '{name}' is of the type {given.type}, but {given.place.path} is {what}"
            fix = "give the other kind of address, or change the input's type in the component"
            raise JobFailedError(Failure("input", title, fix=fix))
        fetch_all(self.files, given.place, target, "input")
        return str(target / found.names[0] if single else target)

    def _make_outputs(self) -> dict[str, Path]:
        """Where the command writes: a folder for each output, a file's path for outputs of one file."""
        root = self.folder / "outputs"
        shutil.rmtree(root, ignore_errors=True)
        paths = {name: root / name for name in self.spec.outputs}
        root.mkdir()
        for name, output in self.spec.outputs.items():
            if output.type != "uri_file":
                paths[name].mkdir()
        return paths

    def _execute(self, outputs: dict[str, Path]) -> None:
        written = {name: str(path) for name, path in outputs.items()}
        command = fill(self.spec.command, self._inputs, written)
        self._note(f"Running: {command}")
        # A fresh copy, so that a command that begins anew finds the code as it was registered.
        work = self.folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(self.folder / "code", work)
        most = limits.resource_limits(self.spec.node)
        with self.logs.path(STD_LOG).open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", str(LEASH), str(os.getpid()), json.dumps(most), command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=work,
                env=self._variables(written),
                process_group=0,
            )
        self.control.check()
        code = self._follow(process, Watch(self.spec, [work, self.folder / "outputs", self.folder / "tmp"], STD_LOG))
        self.control.check()
        if code != 0:
            log_text = self.logs.path(STD_LOG).read_text(encoding="utf-8", errors="replace")
            raise JobFailedError(explain(code, log_text, work, STD_LOG), f"the step '{self.spec.step}' failed")

    def _follow(self, process: subprocess.Popen[bytes], watch: Watch) -> int:
        """Wait for the command; stop it when it takes more than it may. Return its exit code."""
        while True:
            try:
                return process.wait(EVERY)
            except subprocess.TimeoutExpired:
                failure = watch.verdict()
            if failure is not None:
                kill_tree(process.pid)
                process.wait()
                raise JobFailedError(failure, f"the step '{self.spec.step}' was stopped")

    def _upload(self, outputs: dict[str, Path]) -> None:
        pairs = []
        for name, path in outputs.items():
            place = self.spec.outputs[name].place
            if self.spec.outputs[name].type == "uri_file":
                if not path.is_file():
                    title = f"the output '{name}' is of the type uri_file, but the command wrote no file at its path"
                    fix = f"write the file that ${{{{outputs.{name}}}}} stands for, or make the output a uri_folder"
                    raise JobFailedError(Failure("output", title, fix=fix))
                parent, _, own = place.path.rpartition("/")
                pairs.append((Place(parent, place.container), own, path))
            else:
                files = (file for file in sorted(path.rglob("*")) if file.is_file())
                pairs += [(place, file.relative_to(path).as_posix(), file) for file in files]
        try:
            with ThreadPoolExecutor(_THREADS) as threads:
                list(threads.map(lambda pair: self.files.at(pair[0]).put(*pair), pairs))
        except PlaceError as error:
            raise JobFailedError(Failure("output", f"an output could not be written: {error}")) from error

    # -- saying so ---------------------------------------------------------------------------------------

    def _variables(self, outputs: dict[str, str]) -> dict[str, str]:
        """The command's environment; every input and output is also there as ``AZUREML_PARAMETER_{name}``."""
        given = {name: value for name, value in self._inputs.items() if value is not None}
        return {
            **base_variables(self._python, limits.threads_per_worker(self.spec.node, 1, 1)),
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder / "tmp"),
            "PYTHONUNBUFFERED": "1",
            "AZUREML_RUN_ID": self.spec.name,
            "AZUREML_ROOT_RUN_ID": self.spec.job,
            **{f"AZUREML_PARAMETER_{name}": value for name, value in {**given, **outputs}.items()},
            **self.spec.variables,
        }

    def _state(self, status: str) -> None:
        self._state_line(status)
        self.control.emit("state", status=status)

    def _state_line(self, status: str) -> None:
        self._note(f"Step {self.spec.step} ({self.spec.name}): {status}")

    def _note(self, text: str) -> None:
        self.logs.add(LIFECYCLE, text)

    def _announce(self, _number: int, name: str) -> None:
        self.control.emit("log", scope="step", name=name)
