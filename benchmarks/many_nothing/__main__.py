"""As many do-nothing resources as RESOURCES says: of each six the last one comes after the others."""

import os

from nothing_resource import Nothing

for number in range(int(os.environ["RESOURCES"]) // 6):
    parts = [Nothing(f"part-{number}-{part}") for part in range(5)]
    Nothing(f"last-{number}", parts[-1])
