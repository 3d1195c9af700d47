"""Data assets, and the datasets that they were called before API version 2022-02-01."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from azureml_emulator.arm import errors, references
from azureml_emulator.arm.assets import Asset, AssetProperties
from azureml_emulator.arm.kind import Properties, Target
from azureml_emulator.arm.schema import Body, choice


class DataProperties(AssetProperties):
    """The properties of a data version."""

    data_type: Annotated[str, choice("uri_file", "uri_folder", "mltable")]
    data_uri: str
    referenced_uris: list[str] | None = None


class DataBody(Body):
    """PUT of a data version."""

    properties: DataProperties


def _data(target: Target, body: Any) -> Properties:
    properties: Properties = body.properties.dump()
    if not properties["dataUri"]:
        raise errors.must_not_be_empty("Data Uri", "properties.dataUri")
    properties["dataUri"] = references.uri(target, properties["dataUri"], "properties.dataUri")
    if properties["dataType"] != "mltable":
        del properties["referencedUris"]
    return properties


DATA = Asset(
    plural="data",
    label="data",
    body=DataBody,
    content=("dataUri", "dataType"),
    what="data uri",
    prepare=_data,
)


class DatasetPath(Body):
    """One path of a dataset: a file or a folder."""

    file: str | None = None
    folder: str | None = None


class DatasetProperties(AssetProperties):
    """The properties of a dataset version."""

    paths: list[DatasetPath] = Field(default_factory=list)


class DatasetBody(Body):
    """PUT of a dataset version."""

    properties: DatasetProperties


def _dataset(target: Target, body: Any) -> Properties:
    properties: Properties = body.properties.dump()
    if not properties["paths"]:
        raise errors.must_not_be_empty("Paths", "properties.paths")
    paths = []
    for index, path in enumerate(properties["paths"]):
        given = {key: value for key, value in path.items() if value}
        where = f"properties.paths[{index}]"
        if len(given) != 1:
            raise errors.user_error(f"'{where}' has either 'file' or 'folder'.", where)
        references.uri(target, next(iter(given.values())), where)
        paths.append(given)
    return {**properties, "paths": paths}


DATASET = Asset(
    plural="datasets",
    label="dataset",
    body=DatasetBody,
    content=("paths",),
    what="paths",
    prepare=_dataset,
)
