"""What all ARM answers have in common: headers, versions, errors, paging, case."""

from __future__ import annotations

import uuid

import pytest
from arm_client import API_VERSION, Arm


def test_answers_carry_request_ids(arm: Arm) -> None:
    correlation = str(uuid.uuid4())
    first = arm.call("GET", arm.workspace, headers={"x-ms-correlation-request-id": correlation})
    second = arm.call("GET", "models/absent")
    assert first.headers["x-ms-correlation-request-id"] == correlation
    ids = {first.headers["x-ms-request-id"], second.headers["x-ms-request-id"]}
    assert len(ids) == 2
    for number in ids:
        uuid.UUID(number)


@pytest.mark.parametrize(
    "version",
    [
        *("2021-10-01", "2022-05-01", "2022-02-01-preview", "2023-02-01-preview", "2023-04-01", "2023-04-01-preview"),
        *("2023-08-01-preview", "2023-10-01", "2024-01-01-preview", "2024-04-01", "2024-10-01-preview", "2026-05-01"),
    ],
)
def test_every_dated_api_version_is_taken(arm: Arm, version: str) -> None:
    assert arm.get(arm.workspace, version=version)["name"] == "local"


def test_no_resource_has_an_etag(arm: Arm, name: str) -> None:
    """Nor has one in the service's API: no definition of 2024-04-01 names one."""
    arm.make_model(name)
    for path in (arm.workspace, f"models/{name}/versions/1", "datastores/workspaceblobstore"):
        answer = arm.call("GET", path, headers={"If-Match": '"other"'})
        assert answer.status_code == 200
        assert "etag" not in answer.headers
        assert "etag" not in {key.lower() for key in answer.json()}


def test_a_missing_api_version_is_refused(arm: Arm) -> None:
    status, code, message = arm.refused("GET", arm.workspace, version=None)
    assert (status, code) == (400, "MissingApiVersionParameter")
    assert "?api-version=" in message


@pytest.mark.parametrize("version", ["latest", "2024-4-1", "20240401"])
def test_a_malformed_api_version_is_refused(arm: Arm, version: str) -> None:
    assert arm.refused("GET", arm.workspace, version=version)[:2] == (400, "InvalidApiVersionParameter")


def test_paths_and_query_names_match_without_regard_to_case(arm: Arm) -> None:
    shouted = arm.workspace.replace("resourceGroups", "RESOURCEGROUPS").replace("local", "LOCAL")
    answer = arm.call("GET", shouted, query={"API-Version": API_VERSION}, version=None)
    assert answer.json()["id"] == arm.workspace


def test_ids_keep_the_spelling_of_the_first_write(arm: Arm, name: str) -> None:
    first = arm.make_model(f"{name}-Mixed")
    assert arm.make_model(f"{name}-mIXED") == first


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/subscriptions/s/resourceGroups/absent", "ResourceGroupNotFound"),
        (
            "/subscriptions/s/resourceGroups/absent/providers/Microsoft.MachineLearningServices/workspaces/w",
            "ResourceGroupNotFound",
        ),
        ("batchEndpoints/absent", "ResourceNotFound"),
        ("batchEndpoints/absent/deployments/d", "ResourceNotFound"),
        ("computes/absent", "ResourceNotFound"),
        ("models/absent/versions/1", "UserError"),
        ("nonsense/x", "InvalidResourceType"),
        ("batchEndpoints/e/nonsense/x", "InvalidResourceType"),
    ],
)
def test_what_is_not_there_answers_404_in_the_services_words(arm: Arm, path: str, code: str) -> None:
    status, got, message = arm.refused("GET", path)
    assert (status, got) == (404, code)
    assert "absent" in message or "nonsense" in message


@pytest.mark.parametrize(
    ("method", "path", "names"),
    [
        ("GET", "serverlessEndpoints", "serverlessEndpoints"),
        ("PUT", "serverlessEndpoints/e", "serverlessEndpoints/e"),
        ("PUT", "connections/c", "connections/c"),
        ("PUT", "schedules/s", "schedules/s"),
        ("POST", "models/m/versions/1/publish", "models/m/versions/1/publish"),
        ("POST", "batchEndpoints/e/listkeys", "batchEndpoints/e/listkeys"),
        ("POST", "computes/c/restart", "computes/c/restart"),
        ("POST", "diagnose", "diagnose"),
        ("GET", "/mlflow/v1.0/subscriptions/s/resourceGroups/g", "/mlflow/v1.0/"),
        ("GET", "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v", "Microsoft.Compute"),
    ],
)
def test_what_is_not_supported_answers_501_by_name(arm: Arm, method: str, path: str, names: str) -> None:
    status, code, message = arm.refused(method, path, {} if method == "PUT" else None)
    assert (status, code) == (501, "NotImplemented")
    assert names in message


def test_a_verb_that_a_resource_lacks_answers_405(arm: Arm) -> None:
    answer = arm.call("POST", "models/m/versions/1", {})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "DELETE, GET, PUT"


def test_lists_go_page_by_page_in_order_of_creation(arm: Arm, name: str) -> None:
    for version in range(1, 8):
        arm.make_model(name, str(version))
    seen, url, pages = [], f"models/{name}/versions", 0
    query: dict[str, str] = {"$top": "3"}
    while url:
        page = arm.get(url, query=query)
        seen += [item["name"] for item in page["value"]]
        url, query, pages = page.get("nextLink"), {}, pages + 1
    assert seen == [str(version) for version in range(1, 8)]
    assert pages == 3


def test_lists_skip_and_turn_round(arm: Arm, name: str) -> None:
    for version in range(1, 5):
        arm.make_model(name, str(version))
    newest = arm.get(f"models/{name}/versions", query={"$top": "1", "$orderBy": "createdtime desc"})
    assert [item["name"] for item in newest["value"]] == ["4"]
    rest = arm.get(f"models/{name}/versions", query={"$skip": "3"})
    assert [item["name"] for item in rest["value"]] == ["4"]
    assert arm.get(f"models/{name}/versions", query={"$skip": "4"})["value"] == []


def test_lists_are_ordered_by_change_too(arm: Arm, name: str) -> None:
    for version in ("1", "2", "3"):
        arm.make_model(name, version)
    arm.make_model(name, "2", description="changed last")

    def listed(order: str, **query: str) -> list[str]:
        return [
            item["name"] for item in arm.get(f"models/{name}/versions", query={"$orderBy": order, **query})["value"]
        ]

    assert listed("modifiedtime desc") == ["2", "3", "1"]
    assert listed("modifiedtime") == ["1", "3", "2"]
    assert listed("createdtime desc") == ["3", "2", "1"]
    first = arm.get(f"models/{name}/versions", query={"$orderBy": "modifiedtime desc", "$top": "2"})
    assert [item["name"] for item in first["value"]] == ["2", "3"]
    assert [item["name"] for item in arm.get(first["nextLink"])["value"]] == ["1"]
    assert arm.refused("GET", f"models/{name}/versions", query={"$orderBy": "size"}) == (
        400,
        "UserError",
        "Please choose OrderBy value from ['createdtime', 'modifiedtime']",
    )


@pytest.mark.parametrize("query", [{"$top": "many"}, {"$skip": "-1"}, {"$skip": "~x"}, {"listViewType": "Some"}])
def test_senseless_list_options_are_refused(arm: Arm, query: dict[str, str]) -> None:
    assert arm.refused("GET", "models", query=query)[0] == 400


def test_system_data_tells_who_and_when(arm: Arm, name: str) -> None:
    arm.make_model(name)
    created = arm.get(f"models/{name}/versions/1")["systemData"]
    arm.make_model(name, description="new words")
    changed = arm.get(f"models/{name}/versions/1")["systemData"]
    assert created["createdBy"] == arm.environment["AZURE_CLIENT_ID"]
    assert created["createdByType"] == "Application"
    assert changed["createdAt"] == created["createdAt"] < changed["lastModifiedAt"]


@pytest.mark.parametrize("body", ["{", "[]", "null", '"text"', '{"properties": ' + "[" * 600 + "]" * 600 + "}"])
def test_bodies_that_are_no_object_are_refused(arm: Arm, name: str, body: str) -> None:
    assert arm.refused("PUT", f"models/{name}/versions/1", body)[0] == 400


def test_deeply_nested_bodies_are_refused(arm: Arm, name: str) -> None:
    deep = "{" + '"a": {' * 400 + "}" * 400 + "}"
    body = f'{{"properties": {{"modelUri": "{arm.asset_uri()}", "flavors": {deep}}}}}'
    assert arm.refused("PUT", f"models/{name}/versions/1", body)[:2] == (400, "InvalidRequestContent")


def test_commas_before_a_closing_bracket_are_forgiven(arm: Arm, name: str) -> None:
    body = f'{{"properties": {{"modelUri": "{arm.asset_uri("a,}b")}", "tags": {{"k": "v,]",}}, }},\n}}'
    assert arm.put(f"models/{name}/versions/1", body)["properties"]["tags"] == {"k": "v,]"}


def test_keys_match_without_regard_to_case_and_numbers_may_be_strings(arm: Arm, name: str) -> None:
    body = arm.deployment(name)
    properties = {key[0].upper() + key[1:]: value for key, value in body["properties"].items()}
    arm.put(f"batchEndpoints/{name}", {"Location": "East US", "Properties": {"AuthMode": "aadtoken"}})
    answer = arm.put(
        f"batchEndpoints/{name}/deployments/d",
        {"Location": "eastus", "Properties": {**properties, "MiniBatchSize": "7", "ErrorThreshold": "-1"}},
    )
    assert answer["properties"]["miniBatchSize"] == 7
    assert answer["properties"]["model"] == body["properties"]["model"]


def test_all_problems_of_a_body_are_reported_at_once(arm: Arm, name: str) -> None:
    arm.put(f"batchEndpoints/{name}", arm.endpoint())
    wrong = {"miniBatchSize": "many", "errorThreshold": -2, "loggingLevel": "Loud", "retrySettings": {"timeout": 30}}
    answer = arm.call(
        "PUT", f"batchEndpoints/{name}/deployments/d", {"location": "eastus", "properties": wrong, "tags": {"a": ""}}
    )
    assert answer.status_code == 400
    assert {detail["target"] for detail in answer.json()["error"]["details"]} == {
        "tags",
        "properties.miniBatchSize",
        "properties.errorThreshold",
        "properties.loggingLevel",
        "properties.retrySettings.timeout",
    }
