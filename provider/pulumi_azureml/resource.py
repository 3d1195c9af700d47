"""The base of the resource classes: what a stack's program sees of a resource."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeGuard

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
        urn = _urn(
            resource_name, f"pulumi-python:{self._resource_type_name}", (opts or pulumi.ResourceOptions()).parent
        )
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


def _urn(resource_name: str, kind: str, parent: pulumi.Resource | None) -> pulumi.Input[str]:
    """The URN that the engine gives a resource."""
    if parent is None:  # computed at once: outputs are what costs time in a program of hundreds of resources
        return f"urn:pulumi:{pulumi.get_stack()}::{pulumi.get_project()}::{kind}::{resource_name}"
    urn = pulumi.create_urn(resource_name, kind, parent)
    # Without what it was computed from: to depend on a component is to depend on its children, so a child whose
    # inputs depend on its parent would wait for itself.
    return pulumi.Output(set(), urn.future(), urn.is_known())  # type: ignore[arg-type]  # None only if unknown


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

    Of the resources that are the keys of a mapping: the property of each by logical name. Of those that are within a
    mapping, however deep: the property of each at its place.
    """
    if isinstance(lender, AzureMLResource):
        return lender.__dict__.get(key)
    if not isinstance(lender, Mapping):
        return None
    resources = [each for each in lender if isinstance(each, AzureMLResource)]
    if resources:
        return {each.pulumi_resource_name: each._output(key) for each in resources}
    found = {name: lent(part, key) for name, part in lender.items()}
    return {name: part for name, part in found.items() if part is not None} or None


def is_folder(value: object) -> TypeGuard[str]:
    """Whether an input that may be a reference is a folder of this machine: it has none of a reference's forms."""
    return isinstance(value, str) and ":" not in value and not value.startswith("/subscriptions/")


def beside(opts: pulumi.ResourceOptions | None) -> pulumi.ResourceOptions:
    """The options of a resource that another one makes for itself, and that stands beside it."""
    own = opts or pulumi.ResourceOptions()
    return pulumi.ResourceOptions(parent=own.parent, protect=own.protect, retain_on_delete=own.retain_on_delete)


def _reference(value: Any) -> Any:
    """A resource given as an input, or within one, stands for its ARM id, as a key of a mapping too."""
    if isinstance(value, AzureMLResource):
        return value.arm_id
    if isinstance(value, Mapping) and any(isinstance(key, AzureMLResource) for key in value):
        keys, parts = [_reference(key) for key in value], list(value.values())
        return pulumi.Output.all(keys, parts).apply(lambda both: dict(zip(*both, strict=True)))
    if isinstance(value, Mapping):
        return {key: _reference(item) for key, item in value.items()}
    return [_reference(item) for item in value] if isinstance(value, list) else value
