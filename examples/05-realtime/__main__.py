"""A model that answers in real time. `pulumi config set green 10` gives the new version a tenth of the traffic."""

import pulumi

import pulumi_azureml as azureml

green = pulumi.Config().get_int("green") or 0
if not 0 <= green <= 100:  # noqa: PLR2004 - percent
    raise ValueError(f"`pulumi config set green` takes a percentage from 0 to 100, not {green}")

model = azureml.Model("real-time-model", path="../01-digits/model")
environment = azureml.Environment(
    "real-time-env",
    image="mcr.microsoft.com/azureml/minimal-ubuntu22.04-py311-cpu-inference:20250601.v1",
    conda_file="environment/conda.yaml",
)
endpoint = azureml.OnlineEndpoint("digits", auth_mode="Key", description="Reads handwritten digits while you wait")
deployments = {
    color: azureml.OnlineDeployment(
        color,
        endpoint=endpoint,
        model=model,
        code=azureml.Code(f"{color}-script", path=color),
        scoring_script="score.py",
        environment=environment,
        instance_type="Standard_DS3_v2",
        request_settings={"max_concurrent_requests_per_instance": 4, "request_timeout": "PT30S"},
    )
    for color in ("blue", "green")
}
traffic = {deployments["blue"]: 100 - green, deployments["green"]: green}
azureml.Traffic("live", endpoint=endpoint, traffic=traffic)

pulumi.export("scoringUri", endpoint.scoring_uri)
pulumi.export("endpointName", endpoint.name)
pulumi.export("green", green)
