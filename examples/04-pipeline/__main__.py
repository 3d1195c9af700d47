"""A pipeline that trains a model on what it is given and scores with it; and the model that a run of it has made."""

import pulumi

import pulumi_azureml as azureml
from pulumi_azureml import data_factory

DIGITS = "../01-digits"
FOLDER, MODEL, GAMMA = {"type": "uri_folder"}, {"type": "custom_model"}, {"type": "number", "default": 0.001, "min": 0}
image = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250601.v1"
environment = azureml.Environment("digits-env", image=image, conda_file=f"{DIGITS}/environment/conda.yaml")
cluster = azureml.Compute("cpu-cluster", vm_size="STANDARD_D2_V2", scale_settings={"max_node_count": 2})
command = {"code": azureml.Code("steps", path="src"), "environment": environment}

split = azureml.Component(
    "split", command="python split.py ${{inputs.data}} ${{outputs.parts}}",
    inputs={"data": FOLDER}, outputs={"parts": FOLDER}, **command,
)  # fmt: skip
train = azureml.Component(
    "train", command="python train.py ${{inputs.parts}} ${{outputs.model}} --gamma ${{inputs.gamma}}",
    inputs={"parts": FOLDER, "gamma": GAMMA}, outputs={"model": MODEL}, **command,
)  # fmt: skip
score = azureml.Component(
    "score", command="python evaluate.py ${{inputs.parts}} ${{inputs.model}} ${{outputs.score}}",
    inputs={"parts": FOLDER, "model": MODEL}, outputs={"score": FOLDER}, **command,
)  # fmt: skip
parts, model = "${{parent.jobs.split.outputs.parts}}", "${{parent.jobs.train.outputs.model}}"
to_model, to_score = {"model": "${{parent.outputs.model}}"}, {"score": "${{parent.outputs.score}}"}
jobs: dict[str, azureml.ComponentJobArgs] = {
    "split": {"component": split, "inputs": {"data": "${{parent.inputs.data}}"}},
    "train": {"component": train, "inputs": {"parts": parts, "gamma": "${{parent.inputs.gamma}}"}, "outputs": to_model},
    "score": {"component": score, "inputs": {"parts": parts, "model": model}, "outputs": to_score},
}
ports = {"inputs": {"data": FOLDER, "gamma": GAMMA}, "outputs": {"model": MODEL, "score": FOLDER}}
pipeline = azureml.Component("retrain", jobs=jobs, **ports)
endpoint = azureml.BatchEndpoint("retrain", description="Trains a model for handwritten digits, and scores with it")
runs = azureml.BatchDeployment("retrain", endpoint=endpoint, component=pipeline, settings={"default_compute": cluster})
azureml.DefaultDeployment("retrain", endpoint=endpoint, deployment=runs)
pulumi.export("scoringUri", endpoint.scoring_uri)
pulumi.export("endpointName", endpoint.name)

config, given = pulumi.Config(), {"data": FOLDER, "gamma": 0.001}
nightly = endpoint.scoring_uri.apply(lambda uri: data_factory.pipeline("nightly", scoring_uri=uri, inputs=given))
pulumi.export("dataFactoryPipeline", nightly)
if factory := config.get("factory"):
    azureml.DataFactoryPipeline("nightly", factory=factory, endpoint=endpoint, inputs=given)
if run := config.get("run"):  # the model of this run is registered and deployed
    made = azureml.Model("retrained", path=f"azureml://jobs/{run}/outputs/model")
    scoring = {"code": f"{DIGITS}/src", "scoring_script": "score.py", "environment": environment, "compute": cluster}
    pulumi.export("modelEndpoint", azureml.BatchScoring("digits", model=made, **scoring).endpoint_name)
