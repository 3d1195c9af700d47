"""Something to look at: endpoints of every kind, with jobs. The tests look at it, and the README's pictures show it."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from e2e.local import ROOT
from emulator.batch_service import Endpoint, Service
from emulator.online_service import OnlineEndpoint
from emulator.pipeline_service import CLUSTER, literal, to_parent

IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250601.v1"
PACKAGES = "name: digits\ndependencies:\n- python=3.11\n- pip:\n" + "".join(
    f"  - {name}\n" for name in ("joblib", "numpy", "pandas", "pillow", "scikit-learn")
)
BLUE, GREEN = "blue", "green"
FLOWERS = '''
"""Tell an iris by its measures: the nearest of three means."""

import json, math, os
from pathlib import Path

from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema, output_schema

def init():
    global means
    means = json.loads(next(Path(os.environ["AZUREML_MODEL_DIR"]).rglob("means.json")).read_text())
    print("means of", ", ".join(means))

@input_schema("flowers", StandardPythonParameterType([{"sepal": [5.1, 3.5], "petal": [1.4, 0.2]}]))
@output_schema(StandardPythonParameterType(["setosa"]))
def run(flowers):
    return [min(means, key=lambda name: math.dist(means[name], each["sepal"] + each["petal"])) for each in flowers]
'''

SLOW = """
import time

def run(mini_batch):
    print("<script>alert('log')</script>", len(mini_batch))
    time.sleep(SECONDS)
    return [path.rpartition("/")[2] + " <b>bold</b>" for path in mini_batch]
"""


@dataclass(frozen=True)
class Scene:
    """A workspace with endpoints of every kind."""

    service: Service

    # -- batch ---------------------------------------------------------------------------------------------

    def digits(self, folder: Path, count: int) -> Endpoint:
        """The digits example behind a batch endpoint; ``count`` of its pictures are at ``data/digits``."""
        service, example = self.service, _example()
        example.main(folder)
        pictures = sorted((folder / "data/images").iterdir())[:count]
        service.upload("data/digits", {path.name: path.read_bytes() for path in pictures})
        model = service.upload("models/digits/model", {"digits.joblib": (folder / "model/digits.joblib").read_bytes()})
        about = "Support vector machine over 8 × 8 pixels, calibrated"
        script = (ROOT / "examples/01-digits/src/score.py").read_text()
        code = service.upload("code/digits", {"score.py": script})
        self.cluster("cpu-cluster", 4)
        service.put("models/digits-model/versions/1", {"modelUri": model, "description": about})
        properties = {
            "model": {"referenceType": "Id", "assetId": self.id("models/digits-model/versions/1")},
            "codeConfiguration": {
                "codeId": service.put("codes/digits-code/versions/1", {"codeUri": code})["id"],
                "scoringScript": "score.py",
            },
            "environmentId": service.put("environments/digits-env/versions/1", {"image": IMAGE, "condaFile": PACKAGES})[
                "id"
            ],
            "compute": self.id("computes/cpu-cluster"),
            "resources": {"instanceCount": 2},
            "maxConcurrencyPerInstance": 2,
            "miniBatchSize": 10,
            "errorThreshold": 0,
            "properties": {"azureml.emulator.reuseInterpreter": "true"},
        }
        return self.batch("digits", "svm", properties, "Reads handwritten digits")

    def batch(self, name: str, deployment: str, properties: dict[str, Any], description: str = "") -> Endpoint:
        """A batch endpoint with a default deployment."""
        about = {"authMode": "AADToken", "description": description}
        self.service.put(f"batchEndpoints/{name}", about, location="eastus")
        self.service.put(f"batchEndpoints/{name}/deployments/{deployment}", properties, location="eastus")
        defaults = {"defaults": {"deploymentName": deployment}}
        self.service.put(f"batchEndpoints/{name}", {**about, **defaults}, location="eastus")
        return Endpoint(self.service, name, deployment, properties.get("compute", ""))

    def cluster(self, name: str, nodes: int) -> None:
        """A cluster of so many nodes."""
        scale = {"minNodeCount": 0, "maxNodeCount": nodes}
        body = {**CLUSTER, "properties": {**CLUSTER["properties"], "scaleSettings": scale}}
        self.service.put(f"computes/{name}", body, location="eastus")

    def id(self, path: str) -> str:
        """The ARM id of a resource of the workspace."""
        return f"{self.service.workspace}/{path}"

    # -- real-time -----------------------------------------------------------------------------------------

    def flowers(self, *deployments: str) -> OnlineEndpoint:
        """A real-time endpoint that knows its own schema; the first deployment has 90 % of the traffic."""
        online = OnlineEndpoint(self.service, "flowers")
        for name in deployments:
            assert online.deploy(name, FLOWERS, model=self.means()) == "Succeeded"
        shares = [100] if len(deployments) == 1 else [90, 10]
        online.route(**dict(zip(deployments, shares, strict=True)))
        return online

    def means(self) -> str:
        """The model of the real-time endpoint: the ARM id of its version."""
        from sklearn.datasets import load_iris

        iris = load_iris()
        means = {
            str(name): iris.data[iris.target == number].mean(axis=0).round(3).tolist()
            for number, name in enumerate(iris.target_names)
        }
        uri = self.service.upload("models/flowers/model", {"means.json": json.dumps(means)})
        return self.service.put("models/flowers-model/versions/1", {"modelUri": uri})["id"]

    # -- pipelines -----------------------------------------------------------------------------------------

    def retraining(self) -> Endpoint:
        """A pipeline of three steps behind a batch endpoint."""
        self.cluster("pipeline-cluster", 2)
        environment = self.service.put(
            "environments/commands/versions/1", {"image": IMAGE, "condaFile": "dependencies:\n- python=3.11\n"}
        )["id"]
        outputs = {"made": {"type": "uri_folder"}}
        for name in ("prepare-data", "train-model", "evaluate-model"):
            given = {} if name == "prepare-data" else {"given": {"type": "uri_folder"}}
            text = 'echo "${{inputs.share}} of the rows"' if name == "prepare-data" else "ls ${{inputs.given}}"
            inputs = {"share": {"type": "number", "default": "0.8"}} if name == "prepare-data" else given
            command = f"{text} | tee ${{{{outputs.made}}}}/{name}.txt"
            spec = {"type": "command", "command": command, "environment": environment}
            self._component(name, {**spec, "inputs": inputs, "outputs": outputs})
        jobs = {
            "prepare": self._job("prepare-data", {"share": literal("${{parent.inputs.share}}")}),
            "train": self._job("train-model", {"given": literal("${{parent.jobs.prepare.outputs.made}}")}),
            "evaluate": {
                **self._job("evaluate-model", {"given": literal("${{parent.jobs.train.outputs.made}}")}),
                "outputs": {"made": to_parent("report")},
            },
        }
        whole = {
            "type": "pipeline",
            "jobs": jobs,
            "inputs": {"share": {"type": "number", "default": "0.8"}},
            "outputs": {"report": {"type": "uri_folder"}},
        }
        component = self._component("retraining", whole)
        configuration = {
            "deploymentConfigurationType": "PipelineComponent",
            "componentId": {"referenceType": "Id", "assetId": component},
            "settings": {"default_compute": self.id("computes/pipeline-cluster")},
        }
        return self.batch("retraining", "weekly", {"deploymentConfiguration": configuration}, "Trains the model again")

    def _component(self, name: str, spec: dict[str, Any]) -> str:
        return self.service.put(f"components/{name}/versions/1", {"componentSpec": spec})["id"]

    def _job(self, component: str, inputs: dict[str, Any]) -> dict[str, Any]:
        return {"type": "command", "componentId": self.id(f"components/{component}/versions/1"), "inputs": inputs}


def _example() -> Any:
    """The digits example's own preparation."""
    path = ROOT / "examples/01-digits/prepare.py"
    spec = importlib.util.spec_from_file_location("digits_prepare", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def slow(seconds: float) -> str:
    """A scoring script that takes its time, and says something that looks like HTML."""
    return SLOW.replace("SECONDS", str(seconds))
