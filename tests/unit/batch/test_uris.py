"""Every form of address leads to the same blobs, and no form leads elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from azureml_emulator.store import Store
from azureml_emulator.uris import BlobLocation, UriError, resolve

WS = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
GUID = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    result = Store(tmp_path / "state.db")
    result.put(WS, "workspaces", "", {"id": WS, "properties": {"workspaceId": GUID}})
    account = {"accountName": "127.0.0.1:7443/blob/acct", "containerName": "box"}
    result.put(f"{WS}/datastores/store", "datastores", WS, {"properties": account})
    result.put(f"{WS}/data/digits", "data", WS, {"properties": {"latestVersion": "2"}})
    for version in ("1", "2"):
        uri = f"azureml://datastores/store/paths/digits/{version}"
        result.put(f"{WS}/data/digits/versions/{version}", "data/versions", "", {"properties": {"dataUri": uri}})
    old = {"paths": [{"folder": "azureml://datastores/store/paths/old"}]}
    result.put(f"{WS}/datasets/old/versions/1", "datasets/versions", "", {"properties": old})
    yield result
    result.close()


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("azureml://datastores/store/paths/a/b", "a/b"),
        ("azureml://datastores/store/paths/a/b/", "a/b"),
        ("azureml://datastores/store/paths/", ""),
        ("azureml://subscriptions/s/resourcegroups/g/workspaces/w/datastores/store/paths/a/b", "a/b"),
        ("azureml://subscriptions/s/resourceGroups/g/workspaces/W/datastores/STORE/paths/a/b", "a/b"),
        (
            "azureml://subscriptions/s/resourcegroups/g/providers/Microsoft.MachineLearningServices/workspaces/w"
            "/datastores/store/paths/a/b",
            "a/b",
        ),
        (f"{WS}/datastores/store/paths/a/b", "a/b"),
        (f"azureml:{WS}/datastores/store/paths/a/b", "a/b"),
        ("https://acct.blob.core.windows.net/box/a/b", "a/b"),
        ("https://acct.blob.core.windows.net/box/a%20b?sv=1&sig=x", "a b"),
        ("https://127.0.0.1:7443/blob/acct.blob.core.windows.net/box/a/b", "a/b"),
        ("https://127.0.0.1:7443/blob/acct/box/a/b", "a/b"),
        (f"{WS}/data/digits/versions/1", "digits/1"),
        (f"azureml:{WS}/data/digits/versions/1", "digits/1"),
        (f"{WS}/data/digits/labels/latest", "digits/2"),
        ("azureml:digits:1", "digits/1"),
        ("azureml:digits@latest", "digits/2"),
        (f"azureml://locations/eastus/workspaces/{GUID}/data/digits/versions/1", "digits/1"),
        (f"azureml://locations/eastus/workspaces/{GUID}/data/digits/versions/labels/latest", "digits/2"),
        (f"{WS}/datasets/old/versions/1", "old"),
        ("azureml:old:1", "old"),
    ],
)
def test_every_form_is_resolved(store: Store, uri: str, path: str) -> None:
    assert resolve(uri, WS, store) == BlobLocation("box", path)


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("azureml://datastores/none/paths/a", "no datastore 'none'"),
        ("azureml://subscriptions/s/resourcegroups/g/workspaces/other/datastores/store/paths/a", "workspace 'other'"),
        ("https://foreign.blob.core.windows.net/box/a", "not in a storage account"),
        ("https://acct.blob.core.windows.net/", "names no container"),
        ("azureml:digits:9", "no data asset"),
        ("azureml:nothing@latest", "no data asset"),
        ("azureml:digits@prod", "knows 'latest'"),
        (f"{WS}/models/digits/versions/1", "not an address"),
        ("./folder", "not an address"),
        ("", "not an address"),
    ],
)
def test_an_address_that_leads_nowhere_is_named(store: Store, uri: str, said: str) -> None:
    with pytest.raises(UriError, match=said):
        resolve(uri, WS, store)


def test_a_signature_in_an_address_is_not_repeated_in_the_error(store: Store) -> None:
    with pytest.raises(UriError) as error:
        resolve("https://foreign.blob.core.windows.net/box/a?sig=s3cret", WS, store)
    assert "s3cret" not in str(error.value)


def test_assets_that_name_each_other_end(store: Store) -> None:
    store.put(f"{WS}/data/loop/versions/1", "data/versions", "", {"properties": {"dataUri": "azureml:loop:1"}})
    with pytest.raises(UriError, match="without an end"):
        resolve("azureml:loop:1", WS, store)
