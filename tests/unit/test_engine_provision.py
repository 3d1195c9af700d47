"""Where the Pulumi engine comes from, on machines with and without one."""

import hashlib
import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
URL = "https://github.com/pulumi/pulumi/releases/download"


@pytest.fixture
def provide(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "engine"))
    import provide as module

    return module


def command(folder: Path, version: str, *, host: bool = True) -> Path:
    folder.mkdir(parents=True)
    (folder / "pulumi").write_text(f"#!/bin/sh\necho {version}\n")
    (folder / "pulumi").chmod(0o755)
    if host:
        (folder / "pulumi-language-python").touch()
    return folder


def release(provide: ModuleType, *, spoilt: bool = False) -> dict[str, bytes]:
    version = provide.pinned_version()
    system, machine = provide.platform.system(), provide.platform.machine()
    name = provide.release_name(version, system, machine)
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo("pulumi/pulumi")
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"real"))
    digest = hashlib.sha256(packed.getvalue()).hexdigest()
    checksums = f"{'0' * 64}  pulumi-v{version}-other.tar.gz\n{digest}  {name}\n"
    content = b"something else" if spoilt else packed.getvalue()
    return {f"{URL}/v{version}/pulumi-{version}-checksums.txt": checksums.encode(), f"{URL}/v{version}/{name}": content}


@pytest.mark.parametrize(
    ("version", "host", "used"),
    [("v3.259.0", True, True), ("v3.200.0", True, True), ("v3.199.9", True, False), ("v3.259.0", False, False)],
)
def test_the_pulumi_on_path_is_used_when_new_enough_and_whole(
    provide: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, host: bool, used: bool
) -> None:
    folder = command(tmp_path / "bin", version, host=host)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    assert provide.on_path() == (folder if used else None)


def test_what_is_in_the_cache_is_used_without_asking_the_network(
    provide: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(provide, "download", lambda target: pytest.fail("asked the network"))
    folder = command(tmp_path / provide.cache_key(), "v3.259.0")
    assert provide.provide(tmp_path) == folder


def test_a_release_is_unpacked_when_its_checksum_is_the_published_one(provide: ModuleType, tmp_path: Path) -> None:
    provide.download(tmp_path / "engine", release(provide).__getitem__)
    assert (tmp_path / "engine/pulumi").read_text() == "real"
    assert [path.name for path in tmp_path.iterdir()] == ["engine"]


def test_a_release_with_another_checksum_is_refused(provide: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(provide.EngineError, match="SHA-256"):
        provide.download(tmp_path / "engine", release(provide, spoilt=True).__getitem__)
    assert list(tmp_path.iterdir()) == []


def test_an_unreachable_release_is_followed_by_a_build(
    provide: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(target: Path) -> None:
        raise provide.UnreachableError("no way there")

    monkeypatch.setattr(provide, "on_path", lambda: None)
    monkeypatch.setattr(provide, "download", unreachable)
    monkeypatch.setattr(provide.shutil, "which", lambda name: "/usr/bin/go")
    monkeypatch.setattr(provide, "build", lambda target: command(target, "v3.259.0"))
    assert (provide.provide(tmp_path) / "pulumi").exists()


def test_a_build_tells_that_it_is_going_on(
    provide: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = tmp_path / "build.sh"
    script.write_text('#!/bin/sh\nsleep 0.3\nmkdir "$1"\n')
    script.chmod(0o755)
    provide.build(tmp_path / "engine", script, every=0.05)
    assert "still building the engine" in capsys.readouterr().err
    assert (tmp_path / "engine").is_dir()


def test_a_build_that_fails_shows_the_end_of_its_log(provide: ModuleType, tmp_path: Path) -> None:
    script = tmp_path / "build.sh"
    script.write_text("#!/bin/sh\necho no space left on device\nexit 3\n")
    script.chmod(0o755)
    with pytest.raises(provide.EngineError, match=r"exit 3[\s\S]*engine\.log[\s\S]*no space left on device"):
        provide.build(tmp_path / "engine", script)


def test_a_machine_with_nothing_is_told_what_to_install(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "engine/provide.py"],
        env={
            "PATH": str(tmp_path),
            "HOME": os.environ["HOME"],
            "XDG_CACHE_HOME": str(tmp_path),
            "HTTPS_PROXY": "http://127.0.0.1:9",  # nobody listens there: the release cannot be had
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert "https://www.pulumi.com/docs/install/" in done.stderr
    assert "https://go.dev/doc/install" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_cache_key_follows_the_pinned_sources(
    provide: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = provide.cache_key()
    for part in ("cli", "language"):
        (tmp_path / part).mkdir()
        (tmp_path / part / "go.sum").write_text("another version h1:=\n")
    monkeypatch.setattr(provide, "HERE", tmp_path)
    assert provide.cache_key() != key
