"""An MLflow model behind a batch endpoint: it brings its environment along, and needs no scoring script."""

import pulumi

import pulumi_azureml as azureml

wines = azureml.BatchScoring("wines", model="model", vm_size="STANDARD_D2_V2")

pulumi.export("scoringUri", wines.scoring_uri)
pulumi.export("endpointName", wines.endpoint_name)
pulumi.export("deploymentName", wines.deployment_name)
