"""Put a text into a blob, by the connection string of the environment. Arguments: container, path, text."""

import os
import sys

from azure.storage.blob import BlobClient

container, path, text = sys.argv[1:]
client = BlobClient.from_connection_string(os.environ["AZURE_STORAGE_CONNECTION_STRING"], container, path)
client.upload_blob(text, overwrite=True)
