"""Stacks of released versions: their exported state, and what the workspace held, kept under fixtures/.

A release records its own: `python -m e2e.old_state 0.1.0` in the folder tests. What differs from one machine
to the next, the emulator's address and the workspace's GUID, stands there as a placeholder.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from .local import WORKSPACE, LocalAzure, local_azure
from .rest import default_container, request
from .stack import Stack, configuration

FIXTURES = Path(__file__).parent / "fixtures"
PROGRAM = FIXTURES / "every-kind"
_ADDRESS, _GUID = "@ADDRESS@", "@WORKSPACE-GUID@"


def every_kind(azure: LocalAzure, folder: Path) -> Stack:
    """Make a stack of one resource of every kind, not yet up, in an empty folder."""
    shutil.copytree(PROGRAM, folder / "project", ignore=shutil.ignore_patterns("__pycache__"))
    account = request(azure, "GET", "/datastores/workspaceblobstore")["properties"]["accountName"]
    stack = Stack(folder / "project", folder / "state", {**azure.env, "STORAGE_ACCOUNT": account})
    stack.configure(configuration(azure))
    stack.init()
    return stack


def record(version: str) -> Path:
    """Write the fixture of this version; return its file."""
    with tempfile.TemporaryDirectory() as temporary, local_azure(Path(temporary) / "home") as azure:
        stack = every_kind(azure, Path(temporary))
        stack.up()
        state = json.loads(stack.state_text())
        held = {path: request(azure, "GET", path) for path in map(_path, state["deployment"]["resources"]) if path}
        text = json.dumps({"state": state, "workspace": held}, indent=1)
        text = text.replace(_address(azure), _ADDRESS).replace(_guid(azure), _GUID)
    file = FIXTURES / f"state-{version}.json"
    file.write_text(text + "\n")
    return file


def restore(file: Path, azure: LocalAzure) -> dict[str, Any]:
    """Make in the workspace what it held, and return the stack's exported state."""
    text = file.read_text().replace(_ADDRESS, _address(azure)).replace(_GUID, _guid(azure))
    fixture = json.loads(text)
    later = []
    for path, document in fixture["workspace"].items():
        body = {key: document[key] for key in ("location", "tags", "identity", "properties") if document.get(key)}
        if (body["properties"].get("defaults") or {}).get("deploymentName"):
            later.append((path, body))  # the service takes a default before its deployment, but so it never was
            body = {**body, "properties": {**body["properties"], "defaults": {}}}
        if "datastoreType" in body["properties"]:
            # An answer names the type of the credentials, and never what they are.
            body = {**body, "properties": {**body["properties"], "credentials": {"credentialsType": "None"}}}
        if uri := body["properties"].get("modelUri"):
            # The service looks whether a model's files are there.
            default_container(azure).upload_blob(uri.partition("/paths/")[2], b"a model", overwrite=True)
        request(azure, "PUT", path, body)
    for path, body in later:
        request(azure, "PUT", path, body)
    found: dict[str, Any] = fixture["state"]
    return found


def _path(resource: dict[str, Any]) -> str:
    """The path in the workspace of what a state's resource is, but for those that are a part of another one."""
    path = str(resource.get("id", "")).removeprefix(WORKSPACE)
    return path if path.startswith("/") and not path.endswith("/defaults") and path != resource.get("id") else ""


def _address(azure: LocalAzure) -> str:
    return azure.origin.removeprefix("https://")


def _guid(azure: LocalAzure) -> str:
    return str(request(azure, "GET", "")["properties"]["workspaceId"])


if __name__ == "__main__":
    sys.stdout.write(f"{record(sys.argv[1])}\n")
