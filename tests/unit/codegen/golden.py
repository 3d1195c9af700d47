"""The clients whose text is kept in ``golden/``; run this file to write them again after a wanted change."""

from __future__ import annotations

import json
from pathlib import Path

from azureml_codegen import LANGUAGES, Client, Endpoint, Workspace, generate

HERE = Path(__file__).parent
WORKSPACE = Workspace(
    "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/digits"
    "/providers/Microsoft.MachineLearningServices/workspaces/digits",
    api="https://westeurope.api.azureml.ms",
)
SUFFIX = "westeurope.inference.ml.azure.com"


def document(name: str) -> dict[str, object]:
    """An OpenAPI document as an endpoint gives it."""
    return json.loads((HERE / "documents" / f"{name}.json").read_text())


ENDPOINTS = {
    "batch": Endpoint("digits", "batch", f"https://digits.{SUFFIX}/jobs", "entra", WORKSPACE, document("batch")),
    "real-time": Endpoint("iris", "real-time", f"https://iris.{SUFFIX}/score", "key", WORKSPACE, document("real-time")),
    "pipeline": Endpoint(
        "retrain", "pipeline", f"https://retrain.{SUFFIX}/jobs", "entra", WORKSPACE, document("pipeline")
    ),
}


def clients() -> dict[str, Client]:
    """Every client with its path below ``golden/``."""
    made = {}
    for folder, endpoint in ENDPOINTS.items():
        for language in LANGUAGES:
            client = generate(endpoint, language)
            made[f"{folder}/{client.file_name}"] = client
    return made


if __name__ == "__main__":
    for path, client in clients().items():
        file = HERE / "golden" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(client.text, encoding="utf-8")
