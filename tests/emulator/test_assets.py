"""Versioned assets: what they take, what stays as it is, and how they are found."""

from __future__ import annotations

import pytest
from arm_client import Arm

FOREIGN = "https://elsewhere.blob.core.windows.net/container/folder"


def contents(arm: Arm) -> dict[str, tuple[dict, dict]]:
    """For each kind a body's properties, and the same with other content."""
    here, there = arm.asset_uri("LocalUpload/1/a"), arm.asset_uri("LocalUpload/2/a")
    return {
        "codes": ({"codeUri": here}, {"codeUri": there}),
        "models": ({"modelUri": here}, {"modelUri": there}),
        "environments": ({"image": "ubuntu:22.04"}, {"image": "ubuntu:24.04"}),
        "data": ({"dataType": "uri_folder", "dataUri": here}, {"dataType": "uri_folder", "dataUri": there}),
        "datasets": ({"paths": [{"folder": here}]}, {"paths": [{"folder": there}]}),
    }


KINDS = ("codes", "models", "environments", "data", "datasets")


@pytest.mark.parametrize("kind", KINDS)
def test_a_version_is_created_read_changed_and_deleted(arm: Arm, name: str, kind: str) -> None:
    path, (content, _) = f"{kind}/{name}/versions/1", contents(arm)[kind]
    created = arm.call("PUT", path, {"properties": content})
    assert created.status_code == 201
    assert created.json() == arm.get(path)
    assert created.json()["id"] == f"{arm.workspace}/{path}"
    assert created.json()["type"] == f"Microsoft.MachineLearningServices/workspaces/{kind}/versions"
    assert created.json()["properties"].items() >= {**content, "provisioningState": "Succeeded"}.items()
    changed = arm.call("PUT", path, {"properties": {**content, "description": "d", "tags": {"a": "b"}}})
    assert changed.status_code == 200
    assert arm.get(path)["properties"].items() >= {"description": "d", "tags": {"a": "b"}}.items()
    assert arm.call("DELETE", path).status_code == 200
    assert arm.call("GET", path).status_code == 404
    assert arm.call("DELETE", path).status_code == 204


@pytest.mark.parametrize("kind", KINDS)
def test_the_content_of_a_version_cannot_change(arm: Arm, name: str, kind: str) -> None:
    path, (content, other) = f"{kind}/{name}/versions/1", contents(arm)[kind]
    arm.put(path, {"properties": content})
    status, code, message = arm.refused("PUT", path, {"properties": other})
    assert (status, code) == (400, "UserError")
    assert "version with this name and version already exists" in message
    assert "Only tags, description, and isArchived can be updated." in message
    assert arm.get(path)["properties"].items() >= content.items()


@pytest.mark.parametrize("kind", KINDS)
def test_the_container_follows_its_versions(arm: Arm, name: str, kind: str) -> None:
    content, _ = contents(arm)[kind]
    for version in ("1", "4", "abc"):
        arm.put(f"{kind}/{name}/versions/{version}", {"properties": content})
    container = arm.get(f"{kind}/{name}")["properties"]
    assert (container["latestVersion"], container["nextVersion"]) == ("abc", "5")
    arm.call("DELETE", f"{kind}/{name}/versions/abc")
    assert arm.get(f"{kind}/{name}")["properties"]["latestVersion"] == "4"
    arm.call("DELETE", f"{kind}/{name}/versions/4")
    arm.call("DELETE", f"{kind}/{name}/versions/1")
    assert arm.call("GET", f"{kind}/{name}").status_code == 404


def test_deleting_a_container_deletes_its_versions(arm: Arm, name: str) -> None:
    arm.make_model(name)
    arm.make_model(f"{name}-other")
    assert arm.call("DELETE", f"models/{name}").status_code == 200
    assert arm.call("GET", f"models/{name}/versions/1").status_code == 404
    assert arm.call("GET", f"models/{name}-other/versions/1").status_code == 200


def test_archived_assets_leave_the_list(arm: Arm, name: str) -> None:
    arm.make_model(name, "1")
    arm.make_model(name, "2")
    arm.make_model(name, "1", isArchived=True)

    def listed(view: str | None) -> list[str]:
        query = {"listViewType": view} if view else {}
        return [item["name"] for item in arm.get(f"models/{name}/versions", query=query)["value"]]

    assert (listed(None), listed("ArchivedOnly"), listed("All")) == (["2"], ["1"], ["1", "2"])


def test_versions_are_found_by_tags(arm: Arm, name: str) -> None:
    arm.make_model(name, "1", tags={"stage": "test", "by": "a"})
    arm.make_model(name, "2", tags={"stage": "live", "by": "a"})
    found = arm.get(f"models/{name}/versions", query={"tags": "stage=live,by"})["value"]
    assert [item["name"] for item in found] == ["2"]


def test_code_is_found_by_its_hash_under_any_name(arm: Arm, name: str) -> None:
    digest = {"hash_sha256": f"{name}-digest", "hash_version": "202208"}
    made = arm.make_code(name, properties=digest)
    query = {"hash": f"{name}-digest", "hashVersion": "202208"}
    assert [code["id"] for code in arm.get("codes/any-other-name/versions", query=query)["value"]] == [made]
    assert arm.get("codes/x/versions", query={**query, "hash": "absent"})["value"] == []
    assert arm.get("codes/x/versions", query={**query, "hashVersion": "1"})["value"] == []
    arm.call("DELETE", made)
    assert arm.get("codes/x/versions", query=query)["value"] == []


def test_defaults_are_filled_in(arm: Arm, name: str) -> None:
    arm.make_model(name, flavors=None, modelType=None)
    model = arm.get(f"models/{name}/versions/1")["properties"]
    assert (model["flavors"], model["modelType"], model["isArchived"]) == ({}, "custom_model", False)
    arm.make_environment(name)
    environment = arm.get(f"environments/{name}/versions/1")["properties"]
    assert (environment["osType"], environment["environmentType"]) == ("Linux", "UserCreated")
    assert environment["autoRebuild"] == "Disabled"


@pytest.mark.parametrize(("sent", "kept"), [("MLFlowModel", "mlflow_model"), ("CUSTOM_MODEL", "custom_model")])
def test_model_types_are_taken_in_the_spelling_of_every_version(arm: Arm, name: str, sent: str, kept: str) -> None:
    arm.make_model(name, modelType=sent)
    assert arm.get(f"models/{name}/versions/1")["properties"]["modelType"] == kept


@pytest.mark.parametrize(
    ("path", "properties", "words"),
    [
        ("models/{}/versions/1", {}, "'Model Uri' must not be empty."),
        ("models/{}/versions/1", {"modelUri": "just/a/path"}, "not the address of a blob"),
        ("models/{}/versions/1", {"modelUri": "{uri}", "modelType": "pickle"}, "custom_model, mlflow_model"),
        ("models/{}/versions/1", {"modelUri": "azureml://datastores/none/paths/x"}, "datastore 'none'"),
        ("codes/{}/versions/1", {"codeUri": None}, "'Code Uri' must not be empty."),
        ("environments/{}/versions/1", {}, "'Image' must not be empty."),
        ("environments/{}/versions/1", {"image": "i", "condaFile": "a: [b"}, "not valid YAML"),
        ("environments/{}/versions/1", {"image": "i", "build": {"contextUri": "u"}}, "not both"),
        ("environments/{}/versions/1", {"build": {"contextUri": "just/a/path"}}, "not the address of a blob"),
        ("environments/{}/versions/1", {"image": "i", "inferenceConfig": {"scoringRoute": {"path": "/"}}}, "port"),
        ("data/{}/versions/1", {"dataType": "uri_folder"}, "'properties.dataUri' is required."),
        ("data/{}/versions/1", {"dataType": "table", "dataUri": "{uri}"}, "uri_file, uri_folder, mltable"),
        ("datasets/{}/versions/1", {"paths": [{"file": "{uri}", "folder": "{uri}"}]}, "either 'file' or 'folder'"),
        ("models/{}/versions/1", {"modelUri": "{uri}", "tags": {"a": ""}}, "non-empty strings"),
        ("models/{}/versions/1", {"modelUri": "{uri}", "tags": {"a": {}}}, "not a string"),
    ],
)
def test_what_the_service_does_not_take_is_refused(arm: Arm, name: str, path: str, properties, words: str) -> None:
    def fill(value):
        if isinstance(value, dict):
            return {key: fill(item) for key, item in value.items()}
        if isinstance(value, list):
            return [fill(item) for item in value]
        return arm.asset_uri() if value == "{uri}" else value

    status, _, message = arm.refused("PUT", path.format(name), {"properties": fill(properties)})
    assert status == 400
    assert words in message
    assert arm.call("GET", path.format(name)).status_code == 404


@pytest.mark.parametrize("path", ["LocalUpload/absent", "LocalUpload/0/fil", "LocalUpload/0/files/file.tx"])
def test_a_model_without_files_is_refused_as_the_service_does(arm: Arm, name: str, path: str) -> None:
    arm.asset_uri("LocalUpload/0/files")
    uri = f"azureml://datastores/workspaceblobstore/paths/{path}"
    answer = arm.call("PUT", f"models/{name}/versions/1", {"properties": {"modelUri": uri}})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["message"]) == (400, "UserError", "The request is invalid.")
    (detail,) = error["details"]
    assert detail["code"] == "ModelAssetPathNotFoundInStorage"
    assert detail["message"] == f"No blobs found in storage at model asset path: {path}"
    assert arm.call("GET", f"models/{name}").status_code == 404


def test_a_model_is_a_folder_or_one_file(arm: Arm, name: str) -> None:
    folder = arm.asset_uri("LocalUpload/0/files")
    for version, uri in enumerate((folder, f"{folder}/", f"{folder}/file.txt"), 1):
        arm.make_model(name, str(version), modelUri=uri)


@pytest.mark.parametrize("uri", [FOREIGN, "azureml:data@latest"])
def test_addresses_elsewhere_can_be_registered(arm: Arm, name: str, uri: str) -> None:
    arm.put(f"data/{name}/versions/1", {"properties": {"dataType": "uri_folder", "dataUri": uri}})


def test_addresses_that_jobs_could_not_read_are_refused_by_name(arm: Arm, name: str) -> None:
    uri = "azureml://registries/r/models/m"
    status, _, message = arm.refused("PUT", f"models/{name}/versions/1", {"properties": {"modelUri": uri}})
    assert status == 501
    assert uri in message


@pytest.mark.parametrize("bad", ["-first", "with space", "a" * 256, "semi;colon"])
def test_bad_names_are_refused(arm: Arm, bad: str) -> None:
    body = {"properties": {"modelUri": arm.asset_uri()}}
    for path in (f"models/{bad}/versions/1", f"models/good/versions/{bad}"):
        status, _, message = arm.refused("PUT", path, body)
        assert status == 400
        assert "not a valid name" in message
