"""A whole online life with the official client `azure-ai-ml`; run by its own environment's Python.

What it is given and what it leaves behind is told in `life.py`.
"""

import json
import sys
from typing import Any

from azure.ai.ml.entities import (
    CodeConfiguration,
    Environment,
    ManagedOnlineDeployment,
    ManagedOnlineEndpoint,
    Model,
    OnlineRequestSettings,
    ProbeSettings,
)
from life import folder, listed, live, missing, refused, step, told, write
from local_client import local_client

client = local_client(*sys.argv[1:3])
ENDPOINT, TOKENS, ENTRA = "official-online", "official-tokens", "official-entra"
SCORE = """\
import json, os, pathlib

def init():
    global model
    model = next(pathlib.Path(os.environ["AZUREML_MODEL_DIR"]).rglob("weights.txt")).read_text()
    print("the model is ready")

def run(raw_data):
    asked = json.loads(raw_data)
    if asked["data"] is None:
        raise ValueError("no such digit")
    return {"sum": sum(asked["data"]), "model": model, "color": os.environ["COLOR"]}
"""
CONDA = "name: online\nchannels: [conda-forge]\ndependencies: [python=3.11]\n"
made: dict[str, Any] = {}


def deployment(name: str, endpoint: str = ENDPOINT, **more: Any) -> ManagedOnlineDeployment:
    """A deployment of local files, as the documentation shows it."""
    given: dict[str, Any] = {
        "model": Model(path=str(folder / "model")),
        "code_configuration": CodeConfiguration(code=str(folder / "src"), scoring_script="score.py"),
        "environment": Environment(image="mcr.microsoft.com/azureml/minimal", conda_file=str(folder / "conda.yaml")),
        "environment_variables": {"COLOR": name},
        "instance_type": "Standard_DS3_v2",
        "instance_count": 1,
        **more,
    }
    return ManagedOnlineDeployment(name=name, endpoint_name=endpoint, **given)


def ask(endpoint: str = ENDPOINT, **more: Any) -> Any:
    return json.loads(client.online_endpoints.invoke(endpoint, request_file=str(folder / "request.json"), **more))


@step
def endpoint() -> Any:
    wanted = ManagedOnlineEndpoint(name=ENDPOINT, auth_mode="key", description="first", tags={"team": "blue"})
    client.online_endpoints.begin_create_or_update(wanted).result()
    found = client.online_endpoints.get(ENDPOINT)
    return {
        "state": found.provisioning_state,
        "auth": found.auth_mode,
        "traffic": found.traffic,
        "tags": found.tags,
        "uri": found.scoring_uri,
        "swagger": found.openapi_uri,
        "listed": ENDPOINT in listed(client.online_endpoints.list()),
    }


@step
def deploy() -> Any:
    write("src/score.py", SCORE)
    write("model/weights.txt", "42")
    write("conda.yaml", CONDA)
    write("request.json", json.dumps({"data": [1, 2, 3]}))
    write("bad.json", json.dumps({"data": None}))
    settings = OnlineRequestSettings(request_timeout_ms=3000, max_concurrent_requests_per_instance=2)
    probe = ProbeSettings(period=5, initial_delay=1)
    blue = deployment("blue", description="first", request_settings=settings, liveness_probe=probe)
    client.online_deployments.begin_create_or_update(blue).result()
    found = client.online_deployments.get("blue", ENDPOINT)
    made["blue"] = found
    client.online_deployments.begin_create_or_update(
        deployment("green", model=found.model, code_configuration=found.code_configuration,
                   environment=found.environment)
    ).result()  # fmt: skip
    return {
        "state": found.provisioning_state,
        "description": found.description,
        "size": found.instance_type,
        "count": found.instance_count,
        "variables": found.environment_variables,
        "timeout": found.request_settings.request_timeout_ms,
        "concurrency": found.request_settings.max_concurrent_requests_per_instance,
        "period": found.liveness_probe.period,
        "listed": listed(client.online_deployments.list(ENDPOINT)),
        "no endpoint": missing(lambda: client.online_deployments.begin_create_or_update(deployment("x", "absent"))),
    }


@step
def no_traffic() -> Any:
    return told(ask)


@step
def traffic() -> Any:
    found = client.online_endpoints.get(ENDPOINT)
    found.traffic = {"blue": 100}
    client.online_endpoints.begin_create_or_update(found).result()
    answers = [ask() for _ in range(3)]
    found.traffic, found.mirror_traffic = {"blue": 90, "green": 10}, {}
    client.online_endpoints.begin_create_or_update(found).result()
    now = client.online_endpoints.get(ENDPOINT)
    return {"answers": answers, "traffic": now.traffic, "tags": now.tags, "description": now.description}


@step
def invoke() -> Any:
    green = ask(deployment_name="green")
    wrong = folder / "bad.json"
    failed = told(lambda: client.online_endpoints.invoke(ENDPOINT, request_file=str(wrong), deployment_name="green"))
    return {"green": green, "failed": failed}


@step
def logs() -> Any:
    def read(name: str, lines: int, **more: Any) -> str:
        return str(client.online_deployments.get_logs(name, ENDPOINT, lines=lines, **more))

    return {
        "blue": read("blue", 200),
        "green": read("green", 200),
        "last": read("green", 1),
        "storage": read("blue", 200, container_type="storage-initializer"),
    }


@step
def update() -> Any:
    blue = client.online_deployments.get("blue", ENDPOINT)
    blue.instance_count, blue.tags = 2, {"changed": "yes"}
    client.online_deployments.begin_create_or_update(blue).result()
    found = client.online_deployments.get("blue", ENDPOINT)
    return {"count": found.instance_count, "tags": found.tags, "answer": ask(deployment_name="blue")["color"]}


@step
def keys() -> Any:
    first = client.online_endpoints.get_keys(ENDPOINT)
    client.online_endpoints.begin_regenerate_keys(ENDPOINT, key_type="primary").result()
    second = client.online_endpoints.get_keys(ENDPOINT)
    return {
        "two": first.primary_key != first.secondary_key,
        "new": first.primary_key != second.primary_key,
        "kept": first.secondary_key == second.secondary_key,
        "answers": ask(deployment_name="blue")["sum"],
    }


@step
def tokens() -> Any:
    seen = {}
    for name, mode in ((TOKENS, "aml_token"), (ENTRA, "aad_token")):
        client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name=name, auth_mode=mode)).result()
        again = {part: getattr(made["blue"], part) for part in ("model", "code_configuration", "environment")}
        client.online_deployments.begin_create_or_update(deployment("blue", name, **again)).result()
        token = client.online_endpoints.get_keys(name)
        seen[mode] = {"kind": type(token).__name__, "answer": ask(name, deployment_name="blue")["color"]}
    return seen


@step
def failure() -> Any:
    write("broken/score.py", "def init():\n    raise ValueError('no such model')\n\ndef run(raw_data):\n    return 1\n")
    code = CodeConfiguration(code=str(folder / "broken"), scoring_script="score.py")
    broken = deployment("broken", code_configuration=code)
    said = told(lambda: client.online_deployments.begin_create_or_update(broken).result())
    return {"said": said, "log": str(client.online_deployments.get_logs("broken", ENDPOINT, lines=200))}


@step
def delete() -> Any:
    seen: dict[str, Any] = {
        "in use": refused(lambda: client.online_deployments.begin_delete("blue", ENDPOINT).result())
    }
    client.online_deployments.begin_delete("broken", ENDPOINT).result()
    seen["deployment"] = missing(lambda: client.online_deployments.get("broken", ENDPOINT))
    for name in (ENDPOINT, TOKENS, ENTRA):
        client.online_endpoints.begin_delete(name).result()
        seen[name] = missing(lambda name=name: client.online_endpoints.get(name))
    return seen


live()
