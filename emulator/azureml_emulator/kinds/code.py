"""Code assets: a folder of scripts, found again by the hash of its content."""

from __future__ import annotations

from typing import Any

from azureml_emulator.arm import errors, references
from azureml_emulator.arm.assets import Asset, AssetProperties
from azureml_emulator.arm.kind import Properties, Target
from azureml_emulator.arm.schema import Body
from azureml_emulator.http import Call
from azureml_emulator.store import Document

_HASH = "code.hash"


class CodeProperties(AssetProperties):
    """The properties of a code version."""

    code_uri: str | None = None


class CodeBody(Body):
    """PUT of a code version."""

    properties: CodeProperties


def _prepare(target: Target, body: Any) -> Properties:
    properties: Properties = body.properties.dump()
    if not properties["codeUri"]:
        raise errors.must_not_be_empty("Code Uri", "properties.codeUri")
    references.uri(target, properties["codeUri"], "properties.codeUri")
    return properties


def _marks(target: Target, document: Document) -> dict[str, str]:
    digest = document["properties"]["properties"].get("hash_sha256")
    return {_HASH: _mark(target.workspace["id"], digest)} if digest else {}


def _mark(workspace_id: str, digest: str) -> str:
    return f"{workspace_id.lower()}|{digest.lower()}"


def find_by_hash(call: Call, workspace: Document) -> list[Document] | None:
    """The versions of any name whose content has the hash that ``?hash=`` asks for."""
    digest, version = call.query.get("hash"), call.query.get("hashVersion")
    if not digest:
        return None
    found = call.emulator.store.find(_HASH, _mark(workspace["id"], digest))
    return [
        code
        for code in found
        if not code["properties"]["isArchived"]
        and version in {None, code["properties"]["properties"].get("hash_version")}
    ]


CODE = Asset(
    plural="codes",
    label="code",
    body=CodeBody,
    content=("codeUri",),
    what="code uri",
    prepare=_prepare,
    marks=_marks,
    search=find_by_hash,
)
