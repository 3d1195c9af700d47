"""Components and a pipeline endpoint with the official client `azure-ai-ml`; run by its own environment's Python.

Arguments: origin of the emulator or nothing, subscription, a folder to work in. In that folder `seen.json` holds
afterwards what each step saw, or the traceback of the first one that failed.
"""

import contextlib
import io
import sys
from typing import Any

from azure.ai.ml import Input, Output, dsl, load_component
from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import AmlCompute, BatchEndpoint, Environment, Model, PipelineComponentBatchDeployment
from azure.core.exceptions import HttpResponseError
from life import folder, live, step, write
from local_client import local_client

client = local_client(*sys.argv[1:3])
ENDPOINT = "official-pipeline"
CONDA = "name: pipelines\nchannels: [conda-forge]\ndependencies: [python=3.11]\n"
ADD = f"""\
import pathlib, sys, time

while not pathlib.Path({str(folder / "go")!r}).exists():
    time.sleep(0.05)
data, word, out = sys.argv[1:4]
print("adding", word, *sys.argv[4:])
for path in pathlib.Path(data).iterdir():
    pathlib.Path(out, path.name).write_text(path.read_text() + " ".join([word, *sys.argv[4:]]) + "\\n")
"""
COMPONENT = """\
$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json
type: command
name: official_add
version: "1"
display_name: Add a line
inputs:
  data: {type: uri_folder}
  word: {type: string, default: plain}
  times: {type: integer, optional: true, min: 1, max: 3}
outputs:
  out: {type: uri_folder}
  model: {type: custom_model}
code: ./src
environment: azureml:official-pipelines:1
command: >-
  python add.py ${{inputs.data}} ${{inputs.word}} ${{outputs.out}} $[[x${{inputs.times}}]]
  && echo ${{inputs.word}} > ${{outputs.model}}/model.txt
"""
PIPELINE = """\
$schema: https://azuremlschemas.azureedge.net/latest/pipelineComponent.schema.json
type: pipeline
name: official_yaml_pipeline
version: "1"
inputs:
  data: {type: uri_folder}
  word: {type: string, default: yaml}
outputs:
  result: {type: uri_folder}
jobs:
  first:
    type: command
    component: azureml:official_add:1
    inputs:
      data: ${{parent.inputs.data}}
      word: ${{parent.inputs.word}}
  second:
    type: command
    component: ./add.yml
    inputs:
      data: ${{parent.jobs.first.outputs.out}}
      times: 2
    outputs:
      out: ${{parent.outputs.result}}
"""
made: dict[str, Any] = {}


@step
def component() -> Any:
    conda = write("conda.yaml", CONDA)
    image = "mcr.microsoft.com/azureml/minimal"
    environment = Environment(name="official-pipelines", version="1", image=image, conda_file=str(conda))
    client.environments.create_or_update(environment)
    cluster = AmlCompute(name="official-cpu", size="STANDARD_D2_V2", max_instances=4)
    client.compute.begin_create_or_update(cluster).result()
    write("src/add.py", ADD)
    made["add"] = client.components.create_or_update(load_component(write("add.yml", COMPONENT)))
    again = client.components.create_or_update(load_component(folder / "add.yml"))
    found = client.components.get("official_add", "1")
    latest = client.components.get("official_add", label="latest")
    return {
        "same": made["add"].id == again.id == found.id == latest.id,
        "type": found.type,
        "display": found.display_name,
        "inputs": {name: dict(given) for name, given in found.inputs.items()},
        "command": found.command,
        "listed": [item.version for item in client.components.list(name="official_add")],
        "containers": "official_add" in [item.name for item in client.components.list()],
    }


@step
def pipeline_from_yaml() -> Any:
    made["yaml"] = client.components.create_or_update(load_component(write("pipeline.yml", PIPELINE)))
    return {"id": made["yaml"].id, "jobs": sorted(made["yaml"].jobs), "inputs": sorted(made["yaml"].inputs)}


@step
def pipeline_from_dsl() -> Any:
    add = made["add"]

    @dsl.pipeline(name="official_dsl_pipeline", description="Twice")
    def twice(data: Input(type="uri_folder"), word: str = "dsl"):  # type: ignore[valid-type]
        first = add(data=data, word=word)
        second = add(data=first.outputs.out, word="again", times=3)
        second.compute = "official-cpu"
        second.environment_variables = {"LEVEL": "high"}
        return {"result": second.outputs.out, "model": second.outputs.model}

    made["dsl"] = client.components.create_or_update(twice)
    return {"type": made["dsl"].type, "jobs": sorted(made["dsl"].jobs)}


@step
def deploy() -> Any:
    client.batch_endpoints.begin_create_or_update(BatchEndpoint(name=ENDPOINT)).result()
    for name in ("yaml", "dsl"):
        deployment = PipelineComponentBatchDeployment(
            name=name,
            endpoint_name=ENDPOINT,
            component=made[name],
            settings={"default_compute": "official-cpu", "continue_on_step_failure": False},
        )
        client.batch_deployments.begin_create_or_update(deployment).result()
    endpoint = client.batch_endpoints.get(ENDPOINT)
    endpoint.defaults.deployment_name = "yaml"
    client.batch_endpoints.begin_create_or_update(endpoint).result()
    found = client.batch_deployments.get("dsl", ENDPOINT)
    return {
        "kind": type(found).__name__,
        "default": client.batch_endpoints.get(ENDPOINT).defaults.deployment_name,
        "listed": sorted(item.name for item in client.batch_deployments.list(ENDPOINT)),
    }


@step
def invoke() -> Any:
    write("data/a.txt", "A\n")
    data = Input(type=AssetTypes.URI_FOLDER, path=str(folder / "data"))
    first = client.batch_endpoints.invoke(endpoint_name=ENDPOINT, inputs={"data": data})
    uri = "azureml://datastores/workspaceblobstore/paths/official/result"
    second = client.batch_endpoints.invoke(
        endpoint_name=ENDPOINT,
        deployment_name="dsl",
        inputs={"data": data, "word": Input(type="string", default="given")},
        outputs={"result": Output(type=AssetTypes.URI_FOLDER, path=uri)},
    )
    made["jobs"] = [first.name, second.name]
    return {"names": made["jobs"]}


class Released(io.StringIO):
    """What is streamed; the runs go on once the client follows them, which is when it flushes for the first time."""

    def flush(self) -> None:
        (folder / "go").touch()


@step
def stream() -> Any:
    seen = []
    for job in made["jobs"]:
        with contextlib.redirect_stdout(Released()) as out:
            client.jobs.stream(job)
        seen.append(out.getvalue())
    found = client.jobs.get(made["jobs"][1])
    return {"streamed": seen, "status": found.status, "type": found.type, "experiment": found.experiment_name}


@step
def children() -> Any:
    found = {job.display_name: job for job in client.jobs.list(parent_job_name=made["jobs"][0])}
    child = client.jobs.get(found["second"].name)
    client.jobs.download(child.name, download_path=str(folder / "child"), output_name="out")
    return {"names": sorted(found), "status": child.status, "files": files("child")}


@step
def download() -> Any:
    for number, job in enumerate(made["jobs"]):
        client.jobs.download(job, download_path=str(folder / f"down{number}"), output_name="result")
    client.jobs.download(made["jobs"][0], download_path=str(folder / "logs"))
    client.jobs.download(made["jobs"][0], download_path=str(folder / "all"), all=True)
    # Not the output `model`: 1.35.2 cannot ask for the address of any output that is a model (a TypeError of its own).
    return {
        "first": files("down0"),
        "second": files("down1"),
        "model": files("model"),
        "logs": files("logs"),
        "all": files("all"),
    }


@step
def register() -> Any:
    uri = f"azureml://jobs/{made['jobs'][1]}/outputs/model"
    model = client.models.create_or_update(Model(name="official-made", path=uri, type=AssetTypes.CUSTOM_MODEL))
    client.models.download("official-made", version=model.version, download_path=str(folder / "registered"))
    return files("registered")


def files(name: str) -> dict[str, str]:
    root = folder / name
    return {str(path.relative_to(root)): path.read_text() for path in sorted(root.rglob("*")) if path.is_file()}


@step
def refused() -> Any:
    try:
        client.batch_endpoints.invoke(endpoint_name=ENDPOINT, inputs={"word": Input(type="string", default="x")})
    except HttpResponseError as error:
        return {"status": error.status_code, "said": str(error)}
    return {"status": 200}


live()
