"""The typed resource classes.

Generated from `pulumi_azureml.resources` by `make sdk`; do not edit.
"""

from __future__ import annotations

from .batch_deployment import BatchDeployment, PipelineSettingsArgs, RetrySettingsArgs
from .batch_endpoint import BatchEndpoint, IdentityArgs
from .code import Code
from .component import Component, ComponentInputArgs, ComponentJobArgs, ComponentOutputArgs
from .compute import Compute, ScaleSettingsArgs
from .data import Data
from .data_factory_linked_service import DataFactoryLinkedService
from .data_factory_pipeline import DataFactoryPipeline
from .datastore import Datastore
from .default_deployment import DefaultDeployment
from .environment import Environment
from .model import Model
from .online_deployment import OnlineDeployment, OnlineScaleSettingsArgs, ProbeSettingsArgs, RequestSettingsArgs
from .online_endpoint import OnlineEndpoint, OnlineIdentityArgs
from .registry import Registry
from .scoring_gate import ScoringGate
from .shared import TimeoutsArgs
from .traffic import Traffic
from .workspace import Workspace

__all__ = [
    "BatchDeployment",
    "BatchEndpoint",
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
    "Registry",
    "RequestSettingsArgs",
    "RetrySettingsArgs",
    "ScaleSettingsArgs",
    "ScoringGate",
    "TimeoutsArgs",
    "Traffic",
    "Workspace",
]
