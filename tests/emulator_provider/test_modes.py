"""Development lets content change under a version; production lets nobody take the default away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pulumi_azureml.arm import ArmClient, ConflictError
from pulumi_azureml.assets.stored import open_stored
from pulumi_azureml.engine import lifecycle_of
from pulumi_azureml.resources import BATCH_DEPLOYMENT, CODE, DEFAULT_DEPLOYMENT

from .stack import Stack
from .test_every_kind import declare


def of_mode(stack: Stack, mode: str) -> Stack:
    """The same stack, once its configuration says another mode."""
    user = "ada" if mode == "development" else ""
    return replace(stack, client=ArmClient(replace(stack.client.settings, mode=mode, user=user)))


def test_in_development_new_content_of_a_version_changes_it_and_nothing_that_refers_to_it(
    stack: Stack, source: Path
) -> None:
    developing = of_mode(stack, "development")
    first = developing.up(CODE, "code", path=str(source), version="1")
    assert "/codes/ada-code/versions/1" in first.id
    (source / "score.py").write_text("# better\n")
    second = developing.up(CODE, "code", path=str(source), version="1")
    assert second.id == first.id
    stored = open_stored(stack.client, second.id, second.outputs["codeUri"])
    assert [stored.container.download_blob(blob.name).readall() for blob in stored.blobs()] == [b"# better\n"]


def test_in_production_the_default_deployment_is_not_deleted_and_the_default_not_unset(
    stack: Stack, source: Path
) -> None:
    inputs = declare(stack, DEFAULT_DEPLOYMENT, source)
    stack.up(BATCH_DEPLOYMENT, "green", **declare(stack, BATCH_DEPLOYMENT, source))
    stack.up(DEFAULT_DEPLOYMENT, "default", **inputs)
    production = of_mode(stack, "production")
    for logical, said in (("blue", "it is the endpoint's default deployment"), ("default", "name no deployment")):
        kind, state = stack.made[logical]
        with pytest.raises(ConflictError, match=rf"{said}(.|\n)*azureml:mode is production"):
            lifecycle_of(kind).delete(state.id, state.outputs, production.context(logical))
    endpoint = stack.client.request("GET", inputs["endpoint"]).body
    assert endpoint["properties"]["defaults"] == {"deploymentName": "blue"}
    kind, state = stack.made.pop("green")
    lifecycle_of(kind).delete(state.id, state.outputs, production.context("green"))
