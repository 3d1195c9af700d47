"""Many blobs in a moment: written where a stopped emulator's blob service keeps them.

Uploading 100,000 files takes longer than what is to be measured about them. So one blob with all their contents is
uploaded, the emulator is stopped, and for each file the blob service's index gets an entry like the one that it
wrote itself for that blob, over the part of the content that is the file's. Then the service reads its index as ever:
it lists, checks signatures and hands out these blobs like any others, request by request. The emulator's store of
contents does not know them.
"""

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

SEED = "seed/contents"


def write(home: Path, folder: str, files: dict[str, bytes]) -> None:
    """Give a stopped emulator blobs below ``folder``; the uploaded blob `SEED` holds all contents in order."""
    path = home / "azurite/__azurite_db_blob__.json"
    index = json.loads(path.read_text())
    blobs = next(each for each in index["collections"] if each["name"] == "$BLOBS_COLLECTION$")
    seed = next(blob for blob in blobs["data"] if blob["name"] == SEED)
    if seed["properties"]["contentLength"] < sum(map(len, files.values())):
        raise ValueError(f"The blob {SEED} does not hold the contents of all files.")
    offset = 0
    for name, content in files.items():
        blobs["maxId"] += 1
        blobs["data"].append(_entry(seed, f"{folder}/{name}", content, offset, blobs["maxId"]))
        offset += len(content)
    for name, by in blobs["binaryIndices"].items():
        by["values"] = sorted(range(len(blobs["data"])), key=lambda at, name=name: blobs["data"][at][name])
    path.write_text(json.dumps(index))


def _entry(seed: dict[str, Any], name: str, content: bytes, offset: int, number: int) -> dict[str, Any]:
    entry = copy.deepcopy(seed)
    entry.update({"name": name, "$loki": number})
    digest = {str(at): byte for at, byte in enumerate(hashlib.md5(content, usedforsecurity=False).digest())}
    entry["properties"].update(contentLength=len(content), contentMD5=digest, etag=f'"0x{number:X}"')
    entry["persistency"].update(offset=seed["persistency"]["offset"] + offset, count=len(content))
    return entry
