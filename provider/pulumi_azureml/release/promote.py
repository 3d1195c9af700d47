"""Bringing an asset of a release into a workspace: its very bytes, compared before and after, never made again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..arm import ArmClient, ArmError, NotFoundError
from ..arm.resource_id import registry_asset
from ..assets import datastore_container, datastore_uri, storage_errors
from ..assets.stored import StoredFiles, open_stored
from ..assets.upload import content_folder, pending_upload
from .copy import Copy
from .errors import ContentError
from .lock import Asset, Release
from .manifest import Manifest, StoredFile, read_manifest
from .size import megabytes

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient

# Where the document of an asset version says its files lie.
ADDRESS = {"Code": "codeUri", "Model": "modelUri", "Data": "dataUri"}
_COMPLETED = {"upload_status": "completed"}

Status = Callable[[str], None]


def promote(client: ArmClient, release: Release, asset: Asset, target_id: str, status: Status) -> str:
    """Bring the files of `asset` into the workspace of `client`.

    Args:
        client: of the workspace that is deployed to; the source is reached by the same sign-in.
        release: what the asset belongs to.
        asset: one with files.
        target_id: ARM id that the version will have.
        status: told how far it is.

    Returns:
        The address to register.

    Raises:
        ContentError: it is gone from the source, or what was found there or copied is not what the release holds.
        ArmError: a workspace or its storage refused, or did not answer.
    """
    if (existing := _address(client, asset, target_id)) is not None:
        _same(read_files(client, target_id, existing), asset, f"{target_id}, which is there already,", release)
        return existing
    source_client = client.for_workspace(release.origin.workspace)
    try:
        address = _address(source_client, asset, asset.id)
    except ArmError as error:
        error.add_consequence(f"nothing of {asset} was copied; what is deployed goes on as it is.")
        raise
    if address is None:
        raise ContentError(
            f"Release {release.name} cannot be deployed: {asset} is gone from its source {asset.id}.\n"
            f"  what to do: make the release again in {release.origin.stack}, or deploy one whose assets are there."
        )
    status(f"comparing {megabytes(asset.size)} in {source_client.settings.workspace} with the release")
    source = open_stored(source_client, asset.id, address)
    with storage_errors(f"read {asset} in its source", source.container):
        found = read_manifest(source)
    _same(found, asset, f"its source {asset.id}", release)
    return _Target(client, release, asset, target_id).bring(source, found, status)


class _Target:
    """Where the files of one asset go."""

    def __init__(self, client: ArmClient, release: Release, asset: Asset, target_id: str) -> None:
        self._client = client
        self._release = release
        self._asset = asset
        self._id = target_id

    def bring(self, source: StoredFiles, found: Manifest, status: Status) -> str:
        """Copy what is not there, compare, and return the address to register."""
        container, path, address = self._place(source.name)
        names = {file.blob: self._name(source, path, file) for file in found.files}
        target = StoredFiles(container, path)
        with storage_errors(f"copy {self._asset}", container):
            there = {file.blob: (file.size, file.md5) for file in read_manifest(target).files}
            missing = [(f, names[f.blob]) for f in found.files if there.get(names[f.blob]) != (f.size, f.md5)]
            if missing:
                Copy(source, container, self._client.clock).bring(missing, status)
            _same(read_manifest(target), self._asset, f"the copy at {address}", self._release)
            container.get_blob_client(names[found.files[0].blob]).set_blob_metadata(_COMPLETED)
        return address

    def _place(self, name: str) -> tuple[ContainerClient, str, str]:
        """The container, the path in it, and its address as the service takes it."""
        if self._asset.kind == "Code" or registry_asset(self._id):
            container, address = pending_upload(self._client, self._id)
            path = f"{self._asset.digest}/{name}"
            return container, path, f"{address}/{path}"
        path = f"{content_folder(self._asset.digest)}/{name}"
        return datastore_container(self._client), path, datastore_uri(self._client, path)

    @staticmethod
    def _name(source: StoredFiles, path: str, file: StoredFile) -> str:
        return path if file.blob == source.path else f"{path}/{file.relative}"


def read_files(client: ArmClient, asset_id: str, address: str) -> Manifest:
    """The manifest of a registered version's files."""
    stored = open_stored(client, asset_id, address)
    with storage_errors(f"read the files of {asset_id}", stored.container):
        return read_manifest(stored)


def _address(client: ArmClient, asset: Asset, asset_id: str) -> str | None:
    """Where a version's files lie; None when there is no such version."""
    try:
        found: Any = client.request("GET", asset_id, operation=f"look for {asset}").body
    except NotFoundError:
        return None
    return str(found["properties"][ADDRESS[asset.kind]])


def _same(found: Manifest, asset: Asset, what: str, release: Release) -> None:
    if found.digest == asset.manifest:
        return
    held, there = f"{asset.files} files, {asset.size} bytes", f"{len(found.files)} files, {found.size} bytes"
    difference = f"the release has {held}, and there are {there}"
    if held == there:
        difference = f"the same {held}, but of other content"
    raise ContentError(
        f"Release {release.name} is refused: {asset} is not what {what} has now ({difference}).\n"
        "  what to do: find out who changed it; a release of what is there now is made with "
        "`azureml-stack release create`."
    )
