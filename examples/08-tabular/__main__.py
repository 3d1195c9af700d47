"""A batch endpoint that scores tables into Parquet files of its own: the output action SummaryOnly."""

import pulumi

import pulumi_azureml as azureml

tumours = azureml.BatchScoring(
    "tumours",
    model="model",
    code="src",
    scoring_script="score.py",
    image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250601.v1",
    conda_file="../01-digits/environment/conda.yaml",
    vm_size="STANDARD_D2_V2",
    mini_batch_size=2,
    max_concurrency_per_instance=2,
    retry_settings={"max_retries": 3, "timeout": "PT1M"},
    error_threshold=0,
    output_action="SummaryOnly",  # the script writes its own files; what run() returns is only counted
)

pulumi.export("scoringUri", tumours.scoring_uri)
pulumi.export("endpointName", tumours.endpoint_name)
pulumi.export("deploymentName", tumours.deployment_name)
