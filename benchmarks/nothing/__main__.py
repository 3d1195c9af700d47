"""As many do-nothing resources as the digits program has: four side by side, three one after the other."""

from nothing_resource import Nothing

assets = [Nothing(f"asset-{number}") for number in range(4)]
endpoint = Nothing("endpoint")
deployment = Nothing("deployment", endpoint)
Nothing("default", deployment)
