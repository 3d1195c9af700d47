"""Client code for endpoints of Azure Machine Learning, in several languages, out of their OpenAPI documents.

client = generate(Endpoint("digits", "batch", scoring_uri, "entra", Workspace(workspace_id), document), "python")
Path(client.file_name).write_text(client.text)

It knows neither how endpoints are made nor who asks: the command line and the local studio both use it.
"""

from __future__ import annotations

from .api import read_real_time
from .endpoint import AUTH_MODES, KINDS, Auth, Endpoint, Kind, Workspace
from .errors import CodegenError, DocumentError, UnknownLanguageError
from .fit import misfits
from .generate import LANGUAGES, Client, Language, check_language, generate

__all__ = [
    "AUTH_MODES",
    "KINDS",
    "LANGUAGES",
    "Auth",
    "Client",
    "CodegenError",
    "DocumentError",
    "Endpoint",
    "Kind",
    "Language",
    "UnknownLanguageError",
    "Workspace",
    "check_language",
    "generate",
    "misfits",
    "read_real_time",
]
