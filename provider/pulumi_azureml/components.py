"""Components: resources that belong together, declared as one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

import pulumi

from .sdk import (
    BatchDeployment,
    BatchEndpoint,
    Code,
    Compute,
    DefaultDeployment,
    Environment,
    Model,
    RetrySettingsArgs,
    ScaleSettingsArgs,
    TimeoutsArgs,
)

__all__ = ["BatchScoring"]


class BatchScoringSettings(TypedDict, total=False):
    """What a `BatchScoring` hands to its deployment as it is: the inputs of `BatchDeployment` of the same names."""

    versioned: pulumi.Input[bool]
    environment_variables: pulumi.Input[Mapping[str, str]]
    instance_count: pulumi.Input[int]
    mini_batch_size: pulumi.Input[int]
    max_concurrency_per_instance: pulumi.Input[int]
    error_threshold: pulumi.Input[int]
    retry_settings: pulumi.Input[RetrySettingsArgs]
    output_action: pulumi.Input[str]
    output_file_name: pulumi.Input[str]
    logging_level: pulumi.Input[str]
    description: pulumi.Input[str]
    location: pulumi.Input[str]
    timeouts: pulumi.Input[TimeoutsArgs]
    properties: pulumi.Input[Mapping[str, str]]


class BatchScoring(pulumi.ComponentResource):
    """Batch scoring, whole: code, model, environment, cluster, endpoint, deployment and default.

    Six arguments deploy a model with its own script: `model`, `code`, `scoring_script`, `image`, `conda_file` and
    `vm_size`. Two deploy an MLflow model, which needs neither script nor environment: `model` and `vm_size`.
    The resources are children of the component and named after it.

    Attributes:
        scoring_uri: Where jobs are sent.
        endpoint_name: The endpoint's name, with the suffix that makes it unique in the region.
        deployment_name: The deployment's name, which is the endpoint's default.
        model: The model, made here or given; likewise `code` and `environment`, None where there is none.
        compute: The cluster as it was given, or the one made here.
        endpoint: The endpoint.
        deployment: The deployment.
        default: The endpoint's default.
    """

    def __init__(
        self,
        resource_name: str,
        *,
        model: pulumi.Input[str] | Model,
        code: pulumi.Input[str] | Code | None = None,
        scoring_script: pulumi.Input[str] | None = None,
        image: pulumi.Input[str] | None = None,
        conda_file: pulumi.Input[str | Mapping[str, Any]] | None = None,
        vm_size: pulumi.Input[str] | None = None,
        environment: pulumi.Input[str] | Environment | None = None,
        compute: pulumi.Input[str] | Compute | None = None,
        scale_settings: pulumi.Input[ScaleSettingsArgs] | None = None,
        vm_priority: pulumi.Input[str] | None = None,
        model_type: pulumi.Input[str] | None = None,
        endpoint_name: pulumi.Input[str] | None = None,
        deployment_name: pulumi.Input[str] | None = None,
        tags: pulumi.Input[Mapping[str, str]] | None = None,
        on_delete: pulumi.Input[str] | None = None,
        adopt: pulumi.Input[bool] | None = None,
        opts: pulumi.ResourceOptions | None = None,
        **settings: Unpack[BatchScoringSettings],
    ) -> None:
        """Declare the resources.

        Args:
            resource_name: The logical name of the component; its children's begin with it.
            model: The model's file or folder, relative to the program; or a model of the program.
            code: The folder of scripts, relative to the program; or code of the program. None for an MLflow model.
            scoring_script: The script in the code's folder that has `init()` and `run(mini_batch)`.
            image: Container image of the environment. None for an MLflow model, which brings its environment along.
            conda_file: Conda file of the environment: its path, or its content as text or as a mapping.
            vm_size: Size of the machines of the cluster that is made, such as `STANDARD_D2_V2`.
            environment: In place of `image` and `conda_file`: an environment that exists, as a resource, an ARM id or
                `azureml:{name}:{version}`.
            compute: In place of `vm_size`: a cluster that exists, as a resource, an ARM id or a name.
            scale_settings: How far the cluster grows and shrinks. Default: from no node to as many as a job takes.
            vm_priority: `Dedicated`, or `LowPriority`: cheaper, and may be taken away. Default: 'Dedicated'.
            model_type: Format of the model. Default: 'custom_model' with code, 'mlflow_model' without.
            endpoint_name: Name of the endpoint. Default: the logical name with a suffix.
            deployment_name: Name of the deployment. Default: the logical name.
            tags: Tags of everything that is made; names to values, none of them empty.
            on_delete: What becomes of versions of code, model and environment that the stack no longer needs:
                `delete`, `archive` or `retain`. Default: 'delete'.
            adopt: Take over, as they are, resources of these names that exist already.
            opts: The engine's own options, such as `aliases` and `protect`.
            settings: The deployment's settings: those of `BatchDeployment`, with its defaults.

        Raises:
            ValueError: Something is missing, or is given in two ways.
        """
        _check(resource_name, "compute", compute, vm_size=vm_size)
        if code is not None or image is not None:
            _check(resource_name, "environment", environment, image=image)
        if conda_file is not None and image is None:
            raise ValueError(f"BatchScoring {resource_name!r}: conda_file needs image, which it is added to.")
        super().__init__("azureml:components:BatchScoring", resource_name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        if code is not None and not isinstance(code, Code):
            code = Code(f"{resource_name}-code", path=code, tags=tags, on_delete=on_delete, adopt=adopt, opts=child)
        if not isinstance(model, Model):
            model = Model(
                f"{resource_name}-model",
                path=model,
                model_type=model_type or ("mlflow_model" if code is None else "custom_model"),
                tags=tags,
                on_delete=on_delete,
                adopt=adopt,
                opts=child,
            )
        if image is not None:
            environment = Environment(
                f"{resource_name}-env",
                image=image,
                conda_file=conda_file,
                tags=tags,
                on_delete=on_delete,
                adopt=adopt,
                opts=child,
            )
        if compute is None:
            compute = Compute(
                f"{resource_name}-cluster",
                vm_size=vm_size,  # type: ignore[arg-type]  # one of the two is there
                vm_priority=vm_priority,
                scale_settings=scale_settings or {"max_node_count": settings.get("instance_count", 1)},
                tags=tags,
                adopt=adopt,
                opts=child,
            )
        self.code, self.model, self.environment, self.compute = code, model, environment, compute
        self.endpoint = BatchEndpoint(resource_name, name=endpoint_name, tags=tags, adopt=adopt, opts=child)
        self.deployment = BatchDeployment(
            resource_name,
            name=deployment_name,
            endpoint=self.endpoint,
            model=model,
            code=code,
            scoring_script=scoring_script,
            environment=environment,
            compute=compute,
            tags=tags,
            adopt=adopt,
            opts=child,
            **settings,
        )
        self.default = DefaultDeployment(resource_name, endpoint=self.endpoint, deployment=self.deployment, opts=child)
        self.scoring_uri = self.endpoint.scoring_uri
        self.endpoint_name = self.endpoint.name
        self.deployment_name = self.deployment.name
        self.register_outputs(
            {
                "scoringUri": self.scoring_uri,
                "endpointName": self.endpoint_name,
                "deploymentName": self.deployment_name,
            }
        )


def _check(resource_name: str, existing: str, given: object, **made_from: object) -> None:
    """Exactly one way to get a cluster or an environment must be given."""
    ((name, value),) = made_from.items()
    if (given is None) == (value is None):
        number = "neither" if value is None else "both"
        raise ValueError(
            f"BatchScoring {resource_name!r}: {number} of {name} and {existing} given. "
            f"Give {name} to have it made, or {existing} to use one that exists."
        )
