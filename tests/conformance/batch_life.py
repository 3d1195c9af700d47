"""A whole batch life with the official client `azure-ai-ml`; run by its own environment's Python.

Arguments: origin of the emulator or nothing, subscription, a folder to work in. In that folder `seen.json` holds
afterwards what each step saw, or the traceback of the first one that failed.
"""

import contextlib
import io
import sys
from typing import Any

from azure.ai.ml import Input
from azure.ai.ml.constants import AssetTypes, BatchDeploymentOutputAction
from azure.ai.ml.entities import (
    AmlCompute,
    BatchEndpoint,
    BatchRetrySettings,
    CodeConfiguration,
    Data,
    Environment,
    Model,
    ModelBatchDeployment,
    ModelBatchDeploymentSettings,
)
from azure.ai.ml.entities._assets import Code
from life import folder, listed, live, missing, refused, step, write
from local_client import local_client

client = local_client(*sys.argv[1:3])
ENDPOINT = "official-life"
SCORE = """\
import os, pathlib, time

def init():
    print("the model is ready")

def run(mini_batch):
    texts = [pathlib.Path(path).read_text() for path in mini_batch]
    while "wait" in texts or ("gate" in texts and not os.path.exists(os.environ["GATE"])):
        time.sleep(0.1)
    return [f"{pathlib.Path(path).name}={text}" for path, text in zip(mini_batch, texts)]
"""
CONDA = "name: life\nchannels: [conda-forge]\ndependencies: [python=3.11]\n"
jobs: dict[str, str] = {}
made: dict[str, Any] = {}


@step
def workspace() -> Any:
    found = client.workspaces.get("local")
    default = client.datastores.get_default()
    return {"location": found.location, "default": default.name, "container": bool(default.container_name)}


@step
def code() -> Any:
    write("src/score.py", SCORE)
    write("src/.amlignore", "*.tmp\n")
    write("src/left-out.tmp", "not uploaded")
    first = client._code.create_or_update(Code(name="life-code", version="1", path=str(folder / "src")))
    again = client._code.create_or_update(Code(name="life-code", version="1", path=str(folder / "src")))
    found = client._code.get("life-code", "1")
    return {"same": first.id == again.id == found.id, "path": found.path}


@step
def model() -> Any:
    write("model/weights.txt", "42")
    write("model/deep/more.txt", "43")
    entity = Model(
        name="life-model", path=str(folder / "model"), type=AssetTypes.CUSTOM_MODEL, tags={"a": "b"}, description="d"
    )
    first = client.models.create_or_update(entity)
    second = client.models.create_or_update(
        Model(name="life-model", path=str(folder / "model"), type=AssetTypes.CUSTOM_MODEL, description="second")
    )
    latest = client.models.get("life-model", label="latest")
    client.models.download("life-model", version="1", download_path=str(folder / "model-down"))
    down = sorted(str(p.relative_to(folder / "model-down")) for p in (folder / "model-down").rglob("*") if p.is_file())
    again = Model(name="life-model", version="1", path=first.path, type=AssetTypes.CUSTOM_MODEL, tags={"a": "c"})
    made["model"] = client.models.create_or_update(again)
    write("other/weights.txt", "44")
    changed = Model(name="life-model", version="1", path=str(folder / "other"), type=AssetTypes.CUSTOM_MODEL)
    try:
        client.models.create_or_update(changed)
        changed_text = "taken"
    except Exception as error:  # noqa: BLE001 - whatever the client makes of the refusal is what is looked at
        changed_text = str(error)
    return {
        "versions": [first.version, second.version, latest.version],
        "tags": client.models.get("life-model", version="1").tags,
        "downloaded": down,
        "listed": sorted(item.version for item in client.models.list(name="life-model")),
        "containers": "life-model" in listed(client.models.list()),
        "changed": changed_text,
    }


@step
def environment() -> Any:
    conda = write("conda.yaml", CONDA)
    entity = Environment(name="life-env", image="mcr.microsoft.com/azureml/minimal:latest", conda_file=str(conda))
    first = client.environments.create_or_update(entity)
    made["environment"] = first
    latest = client.environments.get("life-env", label="latest")
    return {
        "version": first.version,
        "same": latest.id == first.id,
        "image": latest.image,
        "conda": latest.conda_file,
        "os": latest.os_type,
        "listed": [item.version for item in client.environments.list(name="life-env")],
    }


@step
def data() -> Any:
    write("images/a.txt", "one")
    write("images/deep/b.txt", "two")
    entity = Data(name="life-data", version="7", path=str(folder / "images"), type=AssetTypes.URI_FOLDER)
    first = client.data.create_or_update(entity)
    file = Data(name="life-file", path=str(folder / "images/a.txt"), type=AssetTypes.URI_FILE)
    made["file"] = client.data.create_or_update(file)
    made["data"] = client.data.get("life-data", label="latest")
    return {
        "version": made["data"].version,
        "path": first.path,
        "file": made["file"].path,
        "listed": sorted(item.version for item in client.data.list(name="life-data")),
    }


@step
def compute() -> Any:
    entity = AmlCompute(name="life-cpu", size="STANDARD_D2_V2", min_instances=0, max_instances=2)
    first = client.compute.begin_create_or_update(entity).result()
    entity.max_instances = 3
    client.compute.begin_update(entity).result()
    found = client.compute.get("life-cpu")
    return {
        "size": found.size,
        "type": found.type,
        "state": first.provisioning_state,
        "most": found.max_instances,
        "tier": found.tier,
        "idle": found.idle_time_before_scale_down,
        "listed": "life-cpu" in listed(client.compute.list(compute_type="AMLCompute")),
        "nodes": [node.node_id for node in client.compute.list_nodes("life-cpu")],
    }


@step
def endpoint() -> Any:
    first = client.batch_endpoints.begin_create_or_update(
        BatchEndpoint(name=ENDPOINT, description="By the official client", tags={"team": "blue"})
    ).result()
    found = client.batch_endpoints.get(ENDPOINT)
    return {
        "state": first.provisioning_state,
        "auth": found.auth_mode,
        "uri": found.scoring_uri,
        "tags": found.tags,
        "default": found.defaults.deployment_name if found.defaults else None,
        "listed": ENDPOINT in listed(client.batch_endpoints.list()),
    }


def deployment_entity(**changed: Any) -> ModelBatchDeployment:
    settings = ModelBatchDeploymentSettings(
        mini_batch_size=1,
        instance_count=1,
        max_concurrency_per_instance=2,
        output_action=BatchDeploymentOutputAction.APPEND_ROW,
        output_file_name="rows.csv",
        retry_settings=BatchRetrySettings(max_retries=1, timeout=60),
        environment_variables={"GATE": str(folder / "gate")},
        logging_level="info",
        error_threshold=-1,
    )
    given = {
        "name": "blue",
        "endpoint_name": ENDPOINT,
        "model": made["model"],
        "code_configuration": CodeConfiguration(code=str(folder / "src"), scoring_script="score.py"),
        "environment": made["environment"],
        "compute": "life-cpu",
        "settings": settings,
        **changed,
    }
    return ModelBatchDeployment(**given)


@step
def deployment() -> Any:
    first = client.batch_deployments.begin_create_or_update(deployment_entity(description="first")).result()
    client.batch_deployments.begin_create_or_update(deployment_entity(description="second")).result()
    found = client.batch_deployments.get("blue", ENDPOINT)
    missing = deployment_entity(name="green", compute="no-such-compute")
    bad = refused(lambda: client.batch_deployments.begin_create_or_update(missing).result())
    return {
        "state": first.provisioning_state,
        "description": found.description,
        "model": found.model,
        "code": found.code_configuration.code,
        "environment": found.environment,
        "compute": found.compute,
        "size": found.mini_batch_size,
        "timeout": found.retry_settings.timeout,
        "file": found.output_file_name,
        "action": found.output_action,
        "variables": list(found.environment_variables),
        "listed": listed(client.batch_deployments.list(ENDPOINT)),
        "bad": bad,
    }


@step
def default() -> Any:
    found = client.batch_endpoints.get(ENDPOINT)
    found.defaults.deployment_name = "blue"
    client.batch_endpoints.begin_create_or_update(found).result()
    return client.batch_endpoints.get(ENDPOINT).defaults.deployment_name


@step
def invoke() -> Any:
    store = "azureml://datastores/workspaceblobstore/paths"
    images = made["data"].path.partition("/paths/")[2].rstrip("/")
    inputs = {
        "folder": Input(type=AssetTypes.URI_FOLDER, path=f"{store}/{images}"),
        "file": Input(type=AssetTypes.URI_FILE, path=f"{store}/{images}/a.txt"),
        "asset": Input(type=AssetTypes.URI_FOLDER, path="azureml:life-data:7"),
        "latest": Input(type=AssetTypes.URI_FOLDER, path="azureml:life-data@latest"),
        "asset id": Input(type=AssetTypes.URI_FOLDER, path=made["data"].id),
        "local": Input(type=AssetTypes.URI_FOLDER, path=str(folder / "images")),
    }
    for name, given in inputs.items():
        jobs[name] = client.batch_endpoints.invoke(endpoint_name=ENDPOINT, input=given).name
    write("local/c.txt", "three")
    several = {"pictures": Input(type=AssetTypes.URI_FOLDER, path=str(folder / "local"))}
    chosen = client.batch_endpoints.invoke(
        endpoint_name=ENDPOINT,
        deployment_name="blue",
        inputs=several,
        experiment_name="life-experiment",
        params_override=[{"mini_batch_size": 3}, {"output_file_name": "mine.csv"}],
    )
    jobs["inputs"] = chosen.name
    return {"names": jobs, "status": chosen.status}


def lines(name: str) -> list[str]:
    target = folder / "results" / name.replace(" ", "-")
    client.jobs.download(jobs[name], download_path=str(target), output_name="score")
    found = [path for path in target.rglob("*.csv") if path.is_file()]
    return sorted(line for path in found for line in path.read_text().splitlines())


class Gate(io.StringIO):
    """An output that lets the job go on once it has seen the job's log."""

    def write(self, text: str) -> int:
        if "executionlogs.txt" in text:
            (folder / "gate").touch()
        return super().write(text)


@step
def stream() -> Any:
    write("gated/g.txt", "gate")
    job = client.batch_endpoints.invoke(
        endpoint_name=ENDPOINT, input=Input(type=AssetTypes.URI_FOLDER, path=str(folder / "gated"))
    )
    with contextlib.redirect_stdout(Gate()) as out:
        client.jobs.stream(job.name)
    jobs["gated"] = job.name
    return out.getvalue()


@step
def download() -> Any:
    for job in jobs.values():
        with contextlib.redirect_stdout(io.StringIO()):
            client.jobs.stream(job)
    found = client.jobs.get(jobs["inputs"])
    client.jobs.download(jobs["inputs"], download_path=str(folder / "everything"), all=True)
    return {
        "lines": {name: lines(name) for name in jobs},
        "status": {name: client.jobs.get(jobs[name]).status for name in jobs},
        "experiment": found.experiment_name,
        "type": found.type,
        "studio": found.studio_url,
        "everything": sorted(
            str(path.relative_to(folder / "everything"))
            for path in (folder / "everything").rglob("*")
            if path.is_file()
        ),
    }


@step
def children() -> Any:
    found = list(client.jobs.list(parent_job_name=jobs["folder"]))
    child = client.jobs.get(found[0].name)
    return {"count": len(found), "display": found[0].display_name, "child": child.name == found[0].name}


@step
def list_jobs() -> Any:
    return {
        "endpoint": [job.name for job in client.batch_endpoints.list_jobs(ENDPOINT)],
        "deployment": [job.name for job in client.batch_deployments.list_jobs(ENDPOINT, name="blue")],
        "workspace": [job.name for job in client.jobs.list()],
    }


@step
def failure() -> Any:
    broken = deployment_entity(
        name="broken", code_configuration=CodeConfiguration(code=str(folder / "bad"), scoring_script="score.py")
    )
    write("bad/score.py", "def run(mini_batch):\n    raise ValueError('no such digit')\n")
    client.batch_deployments.begin_create_or_update(broken).result()
    job = client.batch_endpoints.invoke(
        endpoint_name=ENDPOINT,
        deployment_name="broken",
        input=Input(type=AssetTypes.URI_FOLDER, path="azureml:life-data:7"),
    )
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            client.jobs.stream(job.name)
        said = "completed"
    except Exception as error:  # noqa: BLE001 - the client's own kind of error is what is looked at
        said = f"{type(error).__name__}: {error}"
    return {"said": said, "status": client.jobs.get(job.name).status}


@step
def cancel() -> Any:
    write("slow/w.txt", "wait")
    job = client.batch_endpoints.invoke(
        endpoint_name=ENDPOINT, input=Input(type=AssetTypes.URI_FOLDER, path=str(folder / "slow"))
    )
    client.jobs.begin_cancel(job.name).result()
    jobs["canceled"] = job.name
    return client.jobs.get(job.name).status


@step
def change_job() -> Any:
    changed = client.jobs.update(jobs["file"], display_name="A file", description="one", tags={"kept": "yes"})
    return {"display": changed.display_name, "description": changed.description, "tags": changed.tags}


@step
def archive() -> Any:
    client.jobs.archive(jobs["canceled"])
    away = jobs["canceled"] in [job.name for job in client.jobs.list()]
    archived = [job.name for job in client.jobs.list(list_view_type="ArchivedOnly")]
    client.jobs.restore(jobs["canceled"])
    client.models.archive("life-model", version="1")
    left = [item.version for item in client.models.list(name="life-model")]
    client.models.restore("life-model", version="1")
    client.data.archive("life-data")
    containers = listed(client.data.list())
    client.environments.archive("life-env", version=made["environment"].version)
    return {
        "job listed": away,
        "archived": archived == [jobs["canceled"]],
        "restored": jobs["canceled"] in [job.name for job in client.jobs.list()],
        "models": left,
        "models again": sorted(item.version for item in client.models.list(name="life-model")),
        "data": "life-data" in containers,
        "environments": [item.version for item in client.environments.list(name="life-env")],
    }


@step
def delete() -> Any:
    client.jobs.begin_delete(jobs["canceled"]).result()
    gone = {"job": missing(lambda: client.jobs.get(jobs["canceled"]))}
    client.batch_deployments.begin_delete("broken", ENDPOINT).result()
    gone["deployment"] = missing(lambda: client.batch_deployments.get("broken", ENDPOINT))
    client.batch_endpoints.begin_delete(ENDPOINT).result()
    gone["endpoint"] = missing(lambda: client.batch_endpoints.get(ENDPOINT))
    client.compute.begin_delete("life-cpu").wait()
    gone["compute"] = missing(lambda: client.compute.get("life-cpu"))
    return {**gone, "job stays": client.jobs.get(jobs["folder"]).status}


live()
