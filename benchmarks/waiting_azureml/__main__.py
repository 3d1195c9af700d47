"""Four clusters that take their time, and what it takes to make another resource meanwhile.

With APART the clusters have a provider of their own, which is another process with threads of its own.
"""

import asyncio
import os
import time

import pulumi

import pulumi_azureml as azureml

apart = azureml.Provider("apart") if os.environ.get("APART") else None
for number in range(4):
    azureml.Compute(f"cluster-{number}", vm_size="STANDARD_D2_V2", opts=pulumi.ResourceOptions(provider=apart))

begun: list[float] = []


async def later() -> str:
    """Come once the clusters are being created."""
    await asyncio.sleep(float(os.environ["LATER"]))
    begun.append(time.monotonic())
    return "ubuntu:22.04"


other = azureml.Environment("other", image=pulumi.Output.from_input(later()))
pulumi.export("waited", other.id.apply(lambda _id: time.monotonic() - begun[0]))
