"""A provider process for some of a stack's resources."""

from __future__ import annotations

import pulumi


class Provider(pulumi.ProviderResource):
    """A provider process of its own, for the resources that are given it.

    A stack's resources share one process, whose host runs four operations at a time: four clusters that take minutes
    hold everything else up. Those with a provider of their own do not::

        clusters = azureml.Provider("clusters")
        azureml.Compute("cpu", vm_size="STANDARD_D2_V2", opts=pulumi.ResourceOptions(provider=clusters))

    It works with the stack's `azureml:` configuration. Giving a resource that exists another provider changes nothing
    in Azure.
    """

    def __init__(self, resource_name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        """Declare the process under a logical name; `opts` are the engine's own options."""
        from .arm.settings import KEYS  # noqa: PLC0415 - few programs need it

        # The host hands the stack's configuration to the shared process alone.
        config = pulumi.Config("azureml")
        given: dict[str, pulumi.Input[str]] = {}
        for key in KEYS:
            secret = pulumi.runtime.is_config_secret(f"azureml:{key}")
            if (value := config.get_secret(key) if secret else config.get(key)) is not None:
                given[f"azureml:{key}"] = value
        super().__init__("pulumi-python", resource_name, given, opts)
