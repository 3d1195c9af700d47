"""Whatever an endpoint is called and says of itself stays data: it neither breaks a client nor runs in it."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from azureml_codegen import Endpoint, Workspace, generate
from clients.toolchains import built, needed

CANARY = "canary"
HOSTILE = [
    '"; touch canary; "',
    "'; touch canary; '",
    "$(touch canary) `touch canary` ${canary}",
    '""" + open("canary", "w").name + """',
    "*/ require('fs').writeFileSync('canary', ''); /*",
    "\n// \r\n# \u2028\u2029\x85 \x00 \ud800 \U000e0001 }}{{ {% x %} {{ 7 * 7 }}",
    "\\", '\\"', "a\\\nb", "#{canary} %s %(a)s {0} {canary}", "λ – 数字 🙂",
]  # fmt: skip


def texts(value: Any) -> Any:
    """A document in which every text that is no keyword of the format is hostile."""
    return {**value, "description": " ".join(HOSTILE), "title": HOSTILE[0], "example": HOSTILE}


def batch() -> Endpoint:
    settings = {word: texts({"type": "string"}) for word in HOSTILE}
    settings |= {"class": texts({"type": "object", "properties": {word: {"type": "number"} for word in HOSTILE}})}
    data = {"type": "object", "properties": {"jobInputType": {"type": "string", "enum": HOSTILE}}}
    properties = {**settings, "inputData": {"type": "object", "additionalProperties": data}}
    body = {"type": "object", "properties": {"properties": {"type": "object", "properties": properties}}}
    operation = {"requestBody": {"content": {"application/json": {"schema": body}}}, "responses": {}}
    document = texts({"paths": {"/jobs": {"post": texts(operation)}}})
    return endpoint("batch", document)


def pipeline() -> Endpoint:
    literal = {
        "type": "object",
        "properties": {"value": texts({"type": "string", "enum": HOSTILE, "default": HOSTILE[0]})},
    }
    made = {"type": "object", "properties": {"jobOutputType": {"type": "string", "enum": HOSTILE}}}
    data = {"type": "object", "properties": dict.fromkeys(HOSTILE, literal), "required": HOSTILE[:3]}
    given = {"inputData": data, "outputData": {"type": "object", "properties": dict.fromkeys(HOSTILE, made)}}
    body = {"type": "object", "properties": {"properties": {"type": "object", "properties": given}}}
    operation = {"requestBody": {"content": {"application/json": {"schema": body}}}, "responses": {}}
    return endpoint("pipeline", {"paths": {"/jobs": {"post": operation}}})


def endpoint(kind: Any, document: Any) -> Endpoint:
    words = " ".join(HOSTILE)
    workspace = Workspace(words, words, words, words, words, words, words)
    return Endpoint(words, kind, words, "entra", workspace, document, words)


ENDPOINTS = [batch(), pipeline()]


@pytest.mark.parametrize("hostile", ENDPOINTS, ids=lambda each: each.kind)
def test_clients_of_hostile_words_compile_and_do_nothing_of_what_they_say(
    hostile: Endpoint, language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    client = generate(hostile, language)
    file = tmp_path / client.file_name
    file.write_text(client.text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    if language == "csharp":
        built(file, needed("mcs", "mono-mcs"))
    elif language == "python":
        compile(client.text, client.file_name, "exec")
    else:
        command = {
            "curl": ["bash", "-n", file.name],
            "javascript": [needed("node", "nodejs"), "--check", file.name],
            "r": [needed("Rscript", "r-base-core"), "--vanilla", "-e", f"invisible(parse('{file.name}'))"],
        }[language]
        checked = subprocess.run(command, check=False, capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr
    done = run_alone(client.text, language, file)
    assert done.returncode != 0, "without arguments it tells its usage"
    assert not (tmp_path / CANARY).exists()


def run_alone(text: str, language: str, file: Path) -> subprocess.CompletedProcess[str]:
    command = {
        "python": [needed("python3", "python3"), "-c", text],
        "curl": ["bash", file.name],
        "javascript": ["node", file.name],
        "r": ["Rscript", "--vanilla", file.name],
        "csharp": ["mono", str(file.with_suffix(".exe"))],
    }[language]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_hostile_address_arrives_as_it_was(tmp_path: Path):
    module = ast.parse(generate(batch(), "python").text)
    constants = {
        ast.unparse(node.targets[0]): node.value.value
        for node in module.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    expected = " ".join(HOSTILE).replace("\x00", "\ufffd").replace("\ud800", "\ufffd").replace("\U000e0001", "\ufffd")
    assert constants["SCORING_URI"] == expected
    script = tmp_path / "values.sh"
    script.write_text(
        generate(batch(), "curl").text.split("\nsecret=\n")[0]
        + "\njq --null-input --arg value \"$scoring_uri\" '$value'\n"
    )
    shown = subprocess.run(["bash", str(script)], capture_output=True, text=True, check=True).stdout
    assert json.loads(shown) == expected
