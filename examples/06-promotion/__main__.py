"""One program, three stacks: dev deploys what is here, test and prod what dev has tested."""

import pulumi

import pulumi_azureml as azureml

endpoint = azureml.BatchEndpoint("promotion", description="Reads handwritten digits")
deployment = azureml.BatchDeployment(
    "digits",
    endpoint=endpoint,
    model=azureml.Model("promotion-model", path="model"),
    code=azureml.Code("promotion-code", path="../01-digits/src"),
    scoring_script="score.py",
    environment=azureml.Environment(
        "promotion-env",
        image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20250601.v1",
        conda_file="../01-digits/environment/conda.yaml",
    ),
    environment_variables={"OMP_NUM_THREADS": "1"},
    compute=azureml.Compute("promotion-cluster", vm_size="STANDARD_D2_V2", scale_settings={"max_node_count": 1}),
    mini_batch_size=60,
    versioned=True,  # new content is a new deployment beside the old one, which serves until the gate is passed
)
gate = azureml.ScoringGate(
    "accuracy",
    deployment=deployment,
    data=azureml.Data("promotion-images", path="data/images"),
    labels=azureml.Data("promotion-labels", path="data/labels.csv"),
    columns=["file", "prediction", "probability"],
    metric="accuracy",
    threshold=0.8,
)
azureml.DefaultDeployment("live", endpoint=endpoint, deployment=deployment, gate=gate)

pulumi.export("scoringUri", endpoint.scoring_uri)
pulumi.export("endpointName", endpoint.name)
pulumi.export("deployment", deployment.name)
pulumi.export("accuracy", gate.value)
