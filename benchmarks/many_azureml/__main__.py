"""As many resources as RESOURCES says, in groups of six: what a deployment needs, and the deployment."""

import os
from pathlib import Path

import pulumi_azureml as azureml

source = str(Path("src"))
for number in range(int(os.environ["RESOURCES"]) // 6):
    code = azureml.Code(f"code-{number}", path=source)
    model = azureml.Model(f"model-{number}", path=source)
    environment = azureml.Environment(f"environment-{number}", image="ubuntu:22.04", tags={"number": str(number)})
    compute = azureml.Compute(f"compute-{number}", vm_size="STANDARD_D2_V2")
    endpoint = azureml.BatchEndpoint(f"endpoint-{number}")
    azureml.BatchDeployment(
        f"deployment-{number}",
        endpoint=endpoint,
        model=model,
        code=code,
        scoring_script="score.py",
        environment=environment,
        compute=compute,
    )
