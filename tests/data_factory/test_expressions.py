"""The interpreter's expressions are those of Data Factory, and nothing else: else its runs would prove nothing."""

from __future__ import annotations

from typing import Any

import pytest

from .expressions import ExpressionError, Scope, evaluate

SCOPE = Scope("r1", {"day": "mo", "rate": 0.5}, {"state": "Running"}, {"Call": {"name": "j1", "properties": {"n": 1}}})


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("@pipeline().parameters.rate", 0.5),
        ("@pipeline().RunId", "r1"),
        ("@activity('Call').output.properties.n", 1),
        ("@concat('it''s ', pipeline().parameters.day)", "it's mo"),
        ("@or(equals(variables('state'), 'Running'), equals(1, 2))", True),
        ({"value": "@variables('state')", "type": "Expression"}, "Running"),
        ({"a": ["@variables('state')", 1, None]}, {"a": ["Running", 1, None]}),
        ("state: @{variables('state')}, @@{kept}", "state: Running, @{kept}"),
        ("@@name", "@name"),
        ("plain", "plain"),
    ],
)
def test_an_expression_gives_what_data_factory_says(value: Any, found: Any) -> None:
    assert evaluate(value, SCOPE) == found


@pytest.mark.parametrize(
    "text",
    [
        "@toUpper('a')",
        "@activity('Other').output",
        "@activity('Call').output.status",
        "@variables('other')",
        "@pipeline().parameters.night",
        "@concat('a', 1)",
        "@concat()",
        "@equals(1)",
        "@or('true', true)",
        "@concat('a'",
        "@'a' + 'b'",
        "@pipeline()?.parameters",
        "@",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, SCOPE)
