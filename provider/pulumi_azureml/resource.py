"""The base of the resource classes: what a stack's program sees of a resource."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pulumi
from pulumi.dynamic import Resource

from .dynamic import AzureMLProvider
from .state_keys import ARM_ID, URN


class AzureMLResource(Resource, module="azureml", name="Resource"):
    """The base of every resource class. Properties are kept by their wire name and read through getters."""

    _protected: ClassVar[bool] = False
    """Whether a production environment protects the resource from deletion, unless its options say otherwise."""

    def __init__(
        self,
        provider: AzureMLProvider,
        resource_name: str,
        inputs: Mapping[str, Any],
        outputs: Sequence[str],
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        """Register the resource.

        Args:
            provider: of the resource's kind.
            resource_name: the logical name.
            inputs: by wire name; a resource stands for its ARM id.
            outputs: wire names of what the service gives.
            opts: the engine's own options.
        """
        config = pulumi.Config("azureml")
        mode, release = config.get("mode") or "", config.get("release") or ""
        if release or mode == "production":
            _check_program(mode, release)
        if self._protected and mode == "production" and (opts is None or opts.protect is None):
            opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=True))
        parent = (opts or pulumi.ResourceOptions()).parent
        urn = pulumi.create_urn(resource_name, f"pulumi-python:{self._resource_type_name}", parent)
        # Without what it was computed from: to depend on a component is to depend on its children, so a child
        # whose inputs depend on its parent would wait for itself.
        urn = pulumi.Output(set(), urn.future(), urn.is_known())  # type: ignore[arg-type]  # None only if unknown
        given = {key: _reference(value) for key, value in inputs.items()}
        super().__init__(provider, resource_name, {**dict.fromkeys(outputs), **given, URN: urn, ARM_ID: None}, opts)

    @property
    def arm_id(self) -> pulumi.Output[str]:
        """The ARM id: known in a preview already, unlike `id`."""
        return self._output(ARM_ID)

    def _output(self, key: str) -> pulumi.Output[Any]:
        """The output of wire name `key`."""
        found: pulumi.Output[Any] = self.__dict__[key]
        return found


@functools.cache
def _check_program(mode: str, release: str) -> None:
    """Refuse the program once, rather than each of its resources."""
    from .release.errors import ReleaseError  # noqa: PLC0415 - a stack without releases does not pay for it
    from .release.program import check_program  # noqa: PLC0415

    try:
        check_program(mode, release)
    except ReleaseError as error:
        raise pulumi.RunError(str(error)) from None


def lent(lender: object, key: str) -> Any:
    """The property `key` of a resource that is given as an input; None when something else is given.

    Of the resources that are the keys of a mapping: the property of each by logical name.
    """
    if isinstance(lender, Mapping):
        resources = [each for each in lender if isinstance(each, AzureMLResource)]
        return {each.pulumi_resource_name: each._output(key) for each in resources} or None
    return lender._output(key) if isinstance(lender, AzureMLResource) else None


def _reference(value: Any) -> Any:
    """A resource given as an input stands for its ARM id, as a key of a mapping too."""
    if isinstance(value, Mapping) and any(isinstance(key, AzureMLResource) for key in value):
        keys, parts = [_reference(key) for key in value], list(value.values())
        return pulumi.Output.all(keys, parts).apply(lambda both: dict(zip(*both, strict=True)))
    return value.arm_id if isinstance(value, AzureMLResource) else value
