"""What can be wrong with a request for a client."""

from __future__ import annotations


class CodegenError(ValueError):
    """No client can be written; the text says why and what to do instead."""


class UnknownLanguageError(CodegenError):
    """There is no generator for this language."""


class DocumentError(CodegenError):
    """The endpoint's OpenAPI document does not describe what such an endpoint takes; the text names the place."""
