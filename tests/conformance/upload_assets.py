"""Register models, data and code of local folders with the official client; run by its own environment's Python.

Arguments: origin of the Azure ML, subscription, name for all of them, path of a folder for model and data, folder of
code. Writes what was registered as JSON: the addresses of model and data, and the id of the code.
"""

import json
import sys

from azure.ai.ml.entities import Data, Model
from azure.ai.ml.entities._assets import Code
from local_client import local_client

origin, subscription, name, asset, code = sys.argv[1:]
client = local_client(origin, subscription)
model = client.models.create_or_update(Model(name=name, version="1", path=asset))
data = client.data.create_or_update(Data(name=name, version="1", path=asset, type="uri_folder"))
registered = client._code.create_or_update(Code(name=name, version="1", path=code))
sys.stdout.write("\n" + json.dumps({"model": model.path, "data": data.path, "code": registered.id}))
