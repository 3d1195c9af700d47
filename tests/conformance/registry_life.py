"""What the official client does with a registry that it knows by its name alone; run by its own environment's Python.

Arguments: a folder with a model, the file that the findings go to.
"""

import json
import sys
from pathlib import Path

from azure.ai.ml import MLClient
from azure.ai.ml.entities import Environment, Model
from azure.identity import DefaultAzureCredential

folder, out = sys.argv[1:]
client = MLClient(DefaultAzureCredential(), registry_name="shared")
made = client.models.create_or_update(Model(name="by-name", version="1", path=folder))
environment = client.environments.create_or_update(Environment(name="by-name", version="1", image="ubuntu:22.04"))
Path(out).write_text(
    json.dumps(
        {
            "model": made.path,
            "id": client.models.get("by-name", "1").id,
            "environment": client.environments.get("by-name", "1").image,
            "versions": [each.version for each in client.models.list("by-name")],
            "latest": client.models.get("by-name", label="latest").version,
        }
    )
)
