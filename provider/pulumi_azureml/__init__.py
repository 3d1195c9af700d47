"""Azure Machine Learning as code with Pulumi.

Declare code, model, environment, compute, batch endpoint and deployment in a stack program; `pulumi up`
uploads what is local, registers it, deploys it and moves the endpoint's default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .components import BatchScoring
    from .own_process import Provider
    from .sdk import (
        BatchDeployment,
        BatchEndpoint,
        Code,
        Component,
        ComponentInputArgs,
        ComponentJobArgs,
        ComponentOutputArgs,
        Compute,
        Data,
        DataFactoryLinkedService,
        DataFactoryPipeline,
        Datastore,
        DefaultDeployment,
        Environment,
        IdentityArgs,
        Model,
        OnlineDeployment,
        OnlineEndpoint,
        OnlineIdentityArgs,
        OnlineScaleSettingsArgs,
        PipelineSettingsArgs,
        ProbeSettingsArgs,
        Registry,
        RequestSettingsArgs,
        RetrySettingsArgs,
        ScaleSettingsArgs,
        ScoringGate,
        TimeoutsArgs,
        Traffic,
        Workspace,
    )

__all__ = [
    "BatchDeployment",
    "BatchEndpoint",
    "BatchScoring",
    "Code",
    "Component",
    "ComponentInputArgs",
    "ComponentJobArgs",
    "ComponentOutputArgs",
    "Compute",
    "Data",
    "DataFactoryLinkedService",
    "DataFactoryPipeline",
    "Datastore",
    "DefaultDeployment",
    "Environment",
    "IdentityArgs",
    "Model",
    "OnlineDeployment",
    "OnlineEndpoint",
    "OnlineIdentityArgs",
    "OnlineScaleSettingsArgs",
    "PipelineSettingsArgs",
    "ProbeSettingsArgs",
    "Provider",
    "Registry",
    "RequestSettingsArgs",
    "RetrySettingsArgs",
    "ScaleSettingsArgs",
    "ScoringGate",
    "TimeoutsArgs",
    "Traffic",
    "Workspace",
]


def __getattr__(name: str) -> Any:
    # The resource classes are imported at their first use: the command line and the clients in
    # `pulumi_azureml.consume` do not need Pulumi, whose import takes most of a second.
    if name in __all__:
        from . import components, own_process, sdk  # noqa: PLC0415

        return getattr(next(module for module in (components, own_process, sdk) if hasattr(module, name)), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
