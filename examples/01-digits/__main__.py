"""A batch endpoint that reads handwritten digits: everything it needs, from the local files to the default."""

import pulumi

import pulumi_azureml as azureml

code = azureml.Code("digits-code", path="src")
model = azureml.Model(
    "digits-model",
    path="model",
    model_type="custom_model",
    description="Support vector machine over 8 × 8 pixels, calibrated",
)
environment = azureml.Environment(
    "digits-env",
    image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250601.v1",
    conda_file="environment/conda.yaml",
)
cluster = azureml.Compute(
    "cpu-cluster",
    vm_size="STANDARD_D2_V2",
    scale_settings={"min_node_count": 0, "max_node_count": 4, "node_idle_time_before_scale_down": "PT2M"},
)
endpoint = azureml.BatchEndpoint("digits", description="Reads handwritten digits")
deployment = azureml.BatchDeployment(
    "digits-svm",
    endpoint=endpoint,
    model=model,
    code=code,
    scoring_script="score.py",
    environment=environment,
    environment_variables={"OMP_NUM_THREADS": "1"},  # the workers are the parallelism
    compute=cluster,
    instance_count=2,
    max_concurrency_per_instance=2,
    mini_batch_size=30,
    retry_settings={"max_retries": 3, "timeout": "PT1M"},
    error_threshold=0,
    output_action="AppendRow",
    output_file_name="predictions.csv",
)
azureml.DefaultDeployment("digits-default", endpoint=endpoint, deployment=deployment)

pulumi.export("scoringUri", endpoint.scoring_uri)
pulumi.export("endpointName", endpoint.name)
pulumi.export("deploymentName", deployment.name)
