"""A service whose address has changed: what refresh and destroy say, and the option that makes them go there."""

from pathlib import Path

import pytest

from .local import local_azure
from .stack import Stack, configuration

pytestmark = pytest.mark.timeout(600)

PROGRAM = """
import pulumi_azureml as azureml

azureml.Environment("moved", image="ubuntu:22.04")
"""


def test_a_destroy_at_the_old_address_names_the_option_that_goes_to_the_new_one(tmp_path: Path) -> None:
    project, home = tmp_path / "project", tmp_path / "emulator"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: moved\nruntime: python\n")
    (project / "__main__.py").write_text(PROGRAM)
    with local_azure(home) as before:
        stack = Stack(project, tmp_path / "state", before.env)
        stack.init()
        stack.configure(configuration(before))
        stack.up()
    with local_azure(home) as after:
        assert after.port != before.port
        stack = Stack(project, tmp_path / "state", after.env)
        stack.configure(configuration(after))
        refused = stack.attempt("destroy", "--yes", "--skip-preview")
        assert refused.code != 0
        assert "pulumi destroy --run-program" in refused.output
        stack.pulumi("destroy", "--yes", "--skip-preview", "--run-program")
        assert after.inventory() == {}
