"""Local files as assets: what belongs to one, the digest of its content, and its upload to the workspace."""

from __future__ import annotations

from .datastore import datastore_container, datastore_uri, storage_errors
from .digest import ContentDigest, digest_path
from .files import AssetFile, EmptyAssetError, list_files
from .upload import upload_code, upload_folder

__all__ = [
    "AssetFile",
    "ContentDigest",
    "EmptyAssetError",
    "datastore_container",
    "datastore_uri",
    "digest_path",
    "list_files",
    "storage_errors",
    "upload_code",
    "upload_folder",
]
