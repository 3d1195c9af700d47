"""A batch endpoint that tells the language of text files."""

import pulumi

import pulumi_azureml as azureml

languages = azureml.BatchScoring(
    "languages",
    model="model",
    code="src",
    scoring_script="score.py",
    image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250601.v1",
    conda_file="../01-digits/environment/conda.yaml",
    vm_size="STANDARD_D2_V2",
    mini_batch_size=50,
    max_concurrency_per_instance=2,
    retry_settings={"max_retries": 3, "timeout": "PT1M"},
    error_threshold=10,  # files that are no UTF-8 text may be left out, up to this many
)

pulumi.export("scoringUri", languages.scoring_uri)
pulumi.export("endpointName", languages.endpoint_name)
pulumi.export("deploymentName", languages.deployment_name)
