"""The rules as a policy pack of Pulumi's: `pulumi up --policy-pack FOLDER`, whose `__main__.py` calls `run`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .rules import RULES, TYPE, Rule


def run(name: str = "azureml-production") -> None:
    """Serve the rules to the engine; does not return. Needs `pulumi-policy`, the extra `policy` of this package."""
    from pulumi_policy import EnforcementLevel, PolicyPack  # noqa: PLC0415 - only the pack's process has to have it

    PolicyPack(name, policies=policies(), enforcement_level=EnforcementLevel.MANDATORY)


def policies() -> list[Any]:
    """The rules as `pulumi-policy` has policies, each with its limits as its configuration's schema."""
    return [_policy(rule) for rule in RULES]


def _policy(rule: Rule) -> Any:
    from pulumi_policy import PolicyConfigSchema, ResourceValidationPolicy  # noqa: PLC0415

    kinds: dict[type, dict[str, Any]] = {
        int: {"type": "integer", "minimum": 0},
        list: {"type": "array", "items": {"type": "string"}},
    }
    schema = {key: {**kinds[type(value)], "default": value} for key, value in rule.limits.items()}

    def validate(args: Any, report: Callable[..., None]) -> None:
        if args.resource_type.startswith(TYPE):
            limits = {**rule.limits, **(args.get_config() or {})}
            # Of `props`, what a preview does not know yet raises when it is read: the engine then says so.
            for problem in rule.check(args.resource_type.removeprefix(TYPE), args.props, limits):
                report(f"{args.name}: {problem}.")

    return ResourceValidationPolicy(
        name=rule.name,
        description=rule.description,
        validate=validate,
        config_schema=PolicyConfigSchema(properties=schema) if schema else None,
    )
