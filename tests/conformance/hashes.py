"""What the official client makes of folders: files, content hash and upload hash; run by its own environment's Python.

Arguments: paths. Writes a JSON list, one entry for each path.
"""

import json
import sys

from azure.ai.ml._utils._asset_utils import (
    get_content_hash,
    get_ignore_file,
    get_object_hash,
    get_upload_files_from_folder,
)

found = []
for path in sys.argv[1:]:
    ignore = get_ignore_file(path)
    names = sorted(name for _, name in get_upload_files_from_folder(path, ignore_file=ignore))
    found.append([names, get_content_hash(path, ignore), get_object_hash(path, ignore)])
sys.stdout.write(json.dumps(found))
