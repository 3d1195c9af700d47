"""What a change in the program or its files does to a stack that is up."""

from pathlib import Path

import pytest

from .local import LocalAzure
from .stack import Stack

pytestmark = pytest.mark.timeout(600)


def edit(stack: Stack, name: str, old: str, new: str) -> None:
    path = stack.folder / "examples/01-digits" / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def deployment(azure: LocalAzure, endpoint: str) -> dict[str, object]:
    found: dict[str, object] = azure.arm(f"/batchEndpoints/{endpoint}/deployments/digits-svm")["properties"]
    return found


def versions(azure: LocalAzure, container: str) -> list[str]:
    return [entry["name"] for entry in azure.arm(f"/{container}/versions")["value"]]


@pytest.fixture
def up(digits: Stack) -> Stack:
    digits.up()
    return digits


def test_a_setting_is_changed_in_place(up: Stack, azure: LocalAzure) -> None:
    edit(up, "__main__.py", "mini_batch_size=30", "mini_batch_size=7")
    assert up.up().counts == {"updated": 1, "unchanged": 7}
    endpoint = up.outputs()["endpointName"]
    assert deployment(azure, endpoint)["miniBatchSize"] == 7
    assert azure.arm(f"/batchEndpoints/{endpoint}")["properties"]["defaults"] == {"deploymentName": "digits-svm"}


def test_a_changed_script_moves_the_deployment_to_a_new_version_and_the_old_one_goes(
    up: Stack, azure: LocalAzure
) -> None:
    (before,) = versions(azure, "codes/digits-code")
    azure.forget_requests()
    edit(up, "src/score.py", "Read handwritten digits", "Read digits")
    report = up.up()
    assert report.counts == {"updated": 1, "replaced": 1, "unchanged": 6}
    assert azure.request_counts()["uploaded_blobs"] == 1
    assert "uploading 1 of 1 files" in report.output
    (after,) = versions(azure, "codes/digits-code")
    assert after != before
    code = deployment(azure, up.outputs()["endpointName"])["codeConfiguration"]
    assert isinstance(code, dict)
    assert code["codeId"].endswith(f"/codes/digits-code/versions/{after}")


def test_a_preview_of_a_change_touches_nothing(up: Stack, azure: LocalAzure) -> None:
    edit(up, "__main__.py", "instance_count=2", "instance_count=3")
    azure.forget_requests()
    assert up.preview().counts == {"to update": 1, "unchanged": 7}
    assert not [name for name in azure.request_counts()["by"] if name.startswith(("PUT", "PATCH", "DELETE"))]


def test_a_resource_that_somebody_deleted_is_made_again(up: Stack, azure: LocalAzure) -> None:
    azure.arm_delete("/computes/cpu-cluster")
    assert up.refresh().counts == {"deleted": 1, "unchanged": 7}
    assert up.up().counts["created"] == 1
    assert azure.inventory()["computes"] == ["cpu-cluster"]


def test_every_mistake_in_the_inputs_is_reported_at_once_before_anything_is_made(
    digits: Stack, azure: LocalAzure
) -> None:
    edit(digits, "__main__.py", 'output_file_name="predictions.csv"', 'output_file_name="a/b.csv"')
    edit(digits, "__main__.py", "mini_batch_size=30", "mini_batch_size=0")
    report = digits.attempt("preview")
    assert report.code != 0
    assert "output_file_name" in report.output or "outputFileName" in report.output
    assert "mini_batch_size" in report.output or "miniBatchSize" in report.output
    assert azure.inventory() == {}


def test_a_folder_of_its_own_can_be_scored_from_python(up: Stack, tmp_path: Path) -> None:
    images = sorted((up.folder / "examples/01-digits/data/images").iterdir())[:3]
    (tmp_path / "few").mkdir()
    for image in images:
        (tmp_path / "few" / image.name).write_bytes(image.read_bytes())
    program = tmp_path / "invoke.py"
    program.write_text(
        "import sys\n"
        "from pathlib import Path\n"
        "from pulumi_azureml.arm import Settings\n"
        "from pulumi_azureml.consume import BatchClient, Stack\n"
        "stack = Stack(sys.argv[1], Path(sys.argv[2]))\n"
        "client = BatchClient.from_settings(Settings.from_mapping(stack.configuration()))\n"
        "job = client.invoke(stack.outputs()['scoringUri'], sys.argv[3])\n"
        "client.watch(job)\n"
        "client.download(job, sys.argv[4])\n"
    )
    done = up.python(program, up.name, up.folder, tmp_path / "few", tmp_path / "out")
    assert done.returncode == 0, done.stdout
    rows = (tmp_path / "out/predictions.csv").read_text().splitlines()
    assert sorted(row.split()[0] for row in rows) == [image.name for image in images]
