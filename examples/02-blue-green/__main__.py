"""Two deployments behind one endpoint. `pulumi config set live green` moves the traffic, `live blue` moves it back."""

import pulumi

import pulumi_azureml as azureml

live = pulumi.Config().get("live") or "blue"
scripts = {"blue": "../01-digits/src", "green": "green"}
if live not in scripts:
    raise ValueError(f"there is no deployment {live!r}: `pulumi config set live` takes {' or '.join(scripts)}")

model = azureml.Model("blue-green-model", path="../01-digits/model")
environment = azureml.Environment(
    "blue-green-env",
    image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250601.v1",
    conda_file="../01-digits/environment/conda.yaml",
)
cluster = azureml.Compute("blue-green-cluster", vm_size="STANDARD_D2_V2", scale_settings={"max_node_count": 2})
endpoint = azureml.BatchEndpoint("blue-green", description="Reads handwritten digits, by one of two scripts")
deployments = {
    color: azureml.BatchDeployment(
        color,
        endpoint=endpoint,
        model=model,
        code=azureml.Code(f"{color}-code", path=script),
        scoring_script="score.py",
        environment=environment,
        environment_variables={"OMP_NUM_THREADS": "1"},  # the workers are the parallelism
        compute=cluster,
        max_concurrency_per_instance=2,
        mini_batch_size=100,
    )
    for color, script in scripts.items()
}
azureml.DefaultDeployment("live", endpoint=endpoint, deployment=deployments[live])

pulumi.export("scoringUri", endpoint.scoring_uri)
pulumi.export("endpointName", endpoint.name)
pulumi.export("live", live)
