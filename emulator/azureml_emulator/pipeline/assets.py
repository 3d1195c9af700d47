"""What becomes of a step's outputs that have a name: a model or data version in the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azureml_emulator.arm import documents
from azureml_emulator.http import ServiceError
from azureml_emulator.pipeline.ports import MODEL_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable

    from azureml_emulator.emulator import Emulator
    from azureml_emulator.store import Document


def register_outputs(emulator: Emulator, run: Document, step: Document, say: Callable[[str], None]) -> None:
    """Register the named outputs of a step that has completed; ``say`` is told of each.

    Source: Azure ML, "Manage inputs and outputs for jobs and pipelines", name and version of outputs. Without a
    version it is the asset's next one.
    """
    planned = next(each for each in run["steps"] if each["run"] == step["name"])
    for output, asset in planned["assets"].items():
        place = step["spec"]["outputs"][output]["place"]
        plural = "models" if asset["type"] in MODEL_TYPES else "data"
        container = emulator.store.get(f"{run['workspace']}/{plural}/{asset['name']}")
        version = asset["version"] or (container["properties"]["nextVersion"] if container else "1")
        asset_id = f"{run['workspace']}/{plural}/{asset['name']}/versions/{version}"
        address = emulator.urls.blob(place["container"], place["path"])
        properties: dict[str, object] = {
            "description": f"Made by {run['name']}",
            "properties": {"azureml.job": run["name"]},
        }
        if plural == "models":
            properties |= {"modelUri": address, "modelType": asset["type"], "jobName": run["name"]}
        else:
            properties |= {"dataUri": address, "dataType": asset["type"]}
        try:
            _put(emulator, plural, asset_id, properties)
        except ServiceError as error:
            say(f"The output '{output}' could not be registered as {plural}/{asset['name']}:{version}: {error.message}")
        else:
            say(f"The output '{output}' is registered as {plural}/{asset['name']}:{version}.")


def _put(emulator: Emulator, plural: str, asset_id: str, properties: dict[str, object]) -> None:
    kind = next(each for each in emulator.kinds if each.name == f"{plural}/versions")
    with emulator.store.transaction():
        target = documents.target_of(emulator, kind, asset_id)
        if target.old is not None:
            raise ServiceError(409, "Conflict", "this version exists already.")
        body = kind.body.read({"properties": properties})
        documents.finish(target, documents.document(target, kind.prepare(target, body)))
