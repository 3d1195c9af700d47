"""From what the user wants scored to a URI that the service can read: look up, or upload."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pulumi_azureml.arm import ArmClient, NotFoundError
from pulumi_azureml.assets import EmptyAssetError, list_files

from .errors import InputError
from .references import JOB_INPUT_TYPES, LATEST, InputType, LocalData, RegisteredData, RemoteData, parse_data
from .request import JobData
from .storage import storage_errors

if TYPE_CHECKING:
    from .outputs import Status

Upload = Callable[[ArmClient, Path, "Status"], str]


def resolve_data(
    client: ArmClient, data: str | Path, input_type: InputType | None, *, upload: Upload, status: Status
) -> JobData:
    """``data`` as the service reads it.

    A local file or folder is uploaded; a data asset is looked up, so that a wrong name is told before a job
    starts and its type need not be given; a URL is passed on as it is.

    Raises:
        InputError: the path or the data asset does not exist, is empty, or is of another type.
    """
    parsed = parse_data(data, input_type)
    if isinstance(parsed, RemoteData):
        return JobData(parsed.job_input_type, parsed.uri)
    if isinstance(parsed, RegisteredData):
        return _registered(client, parsed, input_type)
    kind = _local_type(parsed, input_type)
    with storage_errors(f"upload {parsed.path}", "run the command again; what is uploaded already is kept."):
        return JobData(JOB_INPUT_TYPES[kind], upload(client, parsed.path, status))


def _registered(client: ArmClient, data: RegisteredData, input_type: InputType | None) -> JobData:
    container = f"{data.workspace or client.settings.workspace_id}/data/{data.name}"
    version = data.version
    try:
        if version == LATEST:
            body = client.request("GET", container, operation=f"find data asset {data.name}").body
            version = str(body["properties"]["latestVersion"])
        asset = f"{container}/versions/{version}"
        body = client.request("GET", asset, operation=f"find data asset {data.name}:{version}").body
    except NotFoundError as error:
        raise InputError(
            f"There is no data asset '{data.name}' in version '{data.version}' in workspace "
            f"'{client.settings.workspace}'. Register it, or pass a folder or a URL."
        ) from error
    kind = input_type or str(body["properties"].get("dataType", "uri_folder")).lower()
    return JobData(JOB_INPUT_TYPES.get(kind, "UriFolder"), asset)


def _local_type(data: LocalData, input_type: InputType | None) -> InputType:
    path = data.path
    found: InputType = "file"
    if path.is_dir():
        found = "folder"
        try:
            list_files(path)
        except EmptyAssetError as error:
            raise InputError(f"There is nothing to score: {error}.") from None
    elif not path.is_file():
        raise InputError(f"The input {path} does not exist (the working folder is {Path.cwd()}).")
    if input_type not in (None, found):
        raise InputError(f"The input {path} is a {found}, not a {input_type}.")
    return found
