"""Fail when the workspace still holds something that the stack `local` made: the owner's tag tells."""

import json
import subprocess
import sys

from pulumi_azureml.arm import ArmClient, ArmError, Settings

config = json.loads(subprocess.run(["pulumi", "config", "--json"], capture_output=True, check=True).stdout)
client = ArmClient.from_settings(Settings.from_mapping({k.split(":")[1]: v["value"] for k, v in config.items()}))
try:
    found = {}
    for kind in ("codes", "models", "environments", "computes", "batchEndpoints"):
        found[kind] = client.request("GET", f"{client.settings.workspace_id}/{kind}").body["value"]
    for container in found["codes"] + found["models"] + found["environments"]:
        found[container["id"]] = client.request("GET", f"{container['id']}/versions").body["value"]
except ArmError as error:
    sys.exit(f"error: {error}")
if left := [one["id"] for many in found.values() for one in many if "azureml-digits/local/" in json.dumps(one)]:
    sys.exit("error: pulumi destroy left these behind:\n  " + "\n  ".join(left))
