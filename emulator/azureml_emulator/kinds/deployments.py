"""What batch and online deployments have in common: their script in a code asset, and their environment."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from azureml_emulator.arm import errors, references
from azureml_emulator.arm.kind import Properties, Target
from azureml_emulator.arm.schema import Body

INT_MAX = 2**31 - 1

Positive = Annotated[int, Field(ge=1, le=INT_MAX)]


class CodeConfiguration(Body):
    """The code asset and the scoring script in it."""

    code_id: str | None = None
    scoring_script: Annotated[str, Field(min_length=1)]


def code_of(target: Target, code: CodeConfiguration | None, *, optional: bool) -> Properties | None:
    """The code configuration as it is stored; ``None`` where a model that needs no script has none."""
    if code is None:
        if optional:
            return None
        raise errors.must_not_be_empty("Code Configuration", "properties.codeConfiguration")
    if not code.code_id:
        raise errors.must_not_be_empty("Code Id", "properties.codeConfiguration.codeId")
    found = references.asset(target, code.code_id, "codes", "properties.codeConfiguration.codeId")
    return {"codeId": found, "scoringScript": code.scoring_script}


def environment_of(target: Target, environment: str | None, *, optional: bool) -> str | None:
    """The environment's ARM id; ``None`` where a model that brings its own has none."""
    if environment:
        return references.asset(target, environment, "environments", "properties.environmentId")
    if optional:
        return None
    raise errors.must_not_be_empty("Environment Id", "properties.environmentId")
