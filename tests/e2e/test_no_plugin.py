"""The package is found by Pulumi for what it is: one without a plugin to download."""

from pathlib import Path

from .local import base_environment
from .stack import Stack


def test_pulumi_looks_for_no_plugin_to_download(tmp_path: Path) -> None:
    """Every start of a program would else ask three servers for one that nobody made, for seconds where they fail."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: empty\nruntime: python\n")
    (project / "__main__.py").write_text("")
    stack = Stack(project, tmp_path / "state", base_environment())
    stack.init()
    said = stack.pulumi("preview", "--logtostderr", "-v=9").output
    assert "GetRequiredPlugins" in said
    assert "pulumi-resource-azureml" not in said
    assert "doing install" not in said
