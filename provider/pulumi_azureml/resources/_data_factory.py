"""What the kinds of a data factory share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from ..data_factory.check import NAME
from ..engine import arm, reference

Factory = Annotated[
    str,
    reference("Microsoft.DataFactory/factories", url=True),
    Field(min_length=1, description="The data factory: ARM id, or name in the workspace's resource group."),
]
NameInFactory = Annotated[
    str,
    arm(url=True),
    Field(pattern=NAME, description="Name in the factory. Default: the resource's logical name."),
]
