"""Change the default deployment of a stack by hand, as somebody in a hurry does: `python hand_edit.py prod`."""

import sys

from pulumi_azureml.arm import ArmClient, Settings
from pulumi_azureml.consume.stack import Stack

stack = Stack(sys.argv[1])
outputs = stack.outputs()
client = ArmClient.from_settings(Settings.from_mapping(stack.configuration()))
place = f"{client.settings.workspace_id}/batchEndpoints/{outputs['endpointName']}/deployments/{outputs['deployment']}"
found = client.request("GET", place).body
found["properties"]["errorThreshold"] = 1000  # "so that the night's job does not fail again"
client.request("PUT", place, json=found)
print(f"{place.rsplit('/', 1)[1]}: a job may now have 1000 failed images")
