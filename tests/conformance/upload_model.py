"""Register a local file or folder as a model with the official client; run by its own environment's Python.

Arguments: origin of the Azure ML, subscription, name, path. Writes the seconds that it took, without the interpreter's
start and the imports.
"""

import sys
import time

from azure.ai.ml.entities import Model
from local_client import local_client

origin, subscription, name, path = sys.argv[1:]
client = local_client(origin, subscription)
started = time.perf_counter()
client.models.create_or_update(Model(name=name, version="1", path=path))
sys.stdout.write(f"\n{time.perf_counter() - started}")
