"""What the official client does with no argument; run by its own environment's Python.

Arguments: a folder with code, the file that the findings go to.
"""

import json
import sys
from pathlib import Path

from azure.ai.ml import MLClient
from azure.ai.ml.entities import BatchEndpoint, Model
from azure.ai.ml.entities._assets import Code
from azure.identity import DefaultAzureCredential

folder, out = sys.argv[1:]
client = MLClient(DefaultAzureCredential(), "00000000-0000-0000-0000-000000000001", "local", "local")
made = client.batch_endpoints.begin_create_or_update(BatchEndpoint(name="by-name", description="By name")).result()
client._code.create_or_update(Code(name="by-name", version="1", path=folder))
client.models.create_or_update(Model(name="by-name", version="1", path=folder))
client.models.download("by-name", "1", download_path=str(Path(out).parent))
Path(out).write_text(
    json.dumps(
        {
            "discovery": client.workspaces.get("local").discovery_url,
            "scoring": made.scoring_uri,
            "description": client.batch_endpoints.get("by-name").description,
            "jobs": len(list(client.batch_endpoints.list_jobs("by-name"))),
            "code": client._code.get("by-name", "1").path,
            "account": client.datastores.get_default().account_name,
        }
    )
)
