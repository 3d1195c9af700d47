"""Fail when the workspace still holds something that the stack `local` made: the owner's tag tells."""

import json
import subprocess
import sys

from pulumi_azureml.arm import ArmClient, Settings

config = json.loads(subprocess.run(["pulumi", "config", "--json"], capture_output=True, check=True).stdout)
settings = Settings.from_mapping({key.removeprefix("azureml:"): entry["value"] for key, entry in config.items()})
client = ArmClient.from_settings(settings)
listed = [client.request("GET", f"{settings.workspace_id}/{kind}") for kind in ("computes", "batchEndpoints")]
for kind in ("codes", "models", "environments"):
    for container in client.request("GET", f"{settings.workspace_id}/{kind}").body["value"]:
        listed.append(client.request("GET", f"{container['id']}/versions"))  # noqa: PERF401 -- reads better
left = [one["id"] for answer in listed for one in answer.body["value"] if "azureml-digits/local/" in json.dumps(one)]
if left:
    sys.exit("error: pulumi destroy left these behind:\n  " + "\n  ".join(left))
sys.stdout.write("nothing of the stack is left in the workspace\n")
