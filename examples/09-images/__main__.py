"""A batch endpoint that looks at pictures and answers with a table of several columns."""

import pulumi

import pulumi_azureml as azureml

photographs = azureml.BatchScoring(
    "photographs",
    model="model",
    code="src",
    scoring_script="score.py",
    image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250601.v1",
    conda_file="../01-digits/environment/conda.yaml",
    vm_size="STANDARD_D2_V2",
    instance_count=2,
    mini_batch_size=10,
    retry_settings={"max_retries": 3, "timeout": "PT1M"},
    error_threshold=0,
)

pulumi.export("scoringUri", photographs.scoring_uri)
pulumi.export("endpointName", photographs.endpoint_name)
pulumi.export("deploymentName", photographs.deployment_name)
