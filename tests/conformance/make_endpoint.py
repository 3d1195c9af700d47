"""Make a batch endpoint with the official client `azure-ai-ml`; run by its own environment's Python.

Arguments: origin of the Azure ML, subscription, endpoint name, code folder, model folder, conda file, and a name for
the environment, if it is to have one. With a name it goes as Microsoft's article "Deploy models for scoring in batch
endpoints" does: the environment has a name, and a compute that is there already is left alone (the REST reference
of a compute's PUT: "This call will overwrite a compute if it exists … do a GET first"). Without, nothing is asked that
the client does not ask by itself.
"""

import sys

from azure.ai.ml.constants import AssetTypes, BatchDeploymentOutputAction
from azure.ai.ml.entities import (
    AmlCompute,
    BatchEndpoint,
    BatchRetrySettings,
    CodeConfiguration,
    Environment,
    Model,
    ModelBatchDeployment,
    ModelBatchDeploymentSettings,
)
from local_client import local_client

origin, subscription, name, code, model, conda, *environment = sys.argv[1:]

client = local_client(origin, subscription)
if not environment or not any(compute.name == "official" for compute in client.compute.list()):
    client.compute.begin_create_or_update(AmlCompute(name="official", size="STANDARD_D2_V2", max_instances=2)).result()
registered = client.models.create_or_update(
    Model(name="official-model", path=model, type=AssetTypes.CUSTOM_MODEL, tags={"by": "azure-ai-ml"})
)
client.batch_endpoints.begin_create_or_update(BatchEndpoint(name=name, description="By the official client")).result()
client.batch_deployments.begin_create_or_update(
    ModelBatchDeployment(
        name="blue",
        endpoint_name=name,
        model=registered,
        code_configuration=CodeConfiguration(code=code, scoring_script="score.py"),
        environment=Environment(
            name=environment[0] if environment else None,
            image="mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04",
            conda_file=conda,
        ),
        compute="official",
        settings=ModelBatchDeploymentSettings(
            mini_batch_size=10,
            output_action=BatchDeploymentOutputAction.APPEND_ROW,
            retry_settings=BatchRetrySettings(max_retries=2, timeout=60),
        ),
    )
).result()
endpoint = client.batch_endpoints.get(name)
endpoint.defaults.deployment_name = "blue"
client.batch_endpoints.begin_create_or_update(endpoint).result()
