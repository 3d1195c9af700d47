"""Expressions in commands and between jobs."""

from __future__ import annotations

import pytest

from azureml_emulator.pipeline.expressions import Binding, binding, fill, fill_path, is_expression, mentions

COMMAND = "run --in ${{ inputs.data }} $[[--seed ${{inputs.seed}}]] $[[--tag ${{inputs.tag}}]] > ${{outputs.out}}/log"


def test_values_and_paths_take_the_place_of_expressions() -> None:
    filled = fill(COMMAND, {"data": "/d", "seed": "7", "tag": "x"}, {"out": "/o"})
    assert filled == "run --in /d --seed 7 --tag x > /o/log"


def test_an_optional_section_goes_with_its_input() -> None:
    assert fill(COMMAND, {"data": "/d", "seed": "7", "tag": None}, {"out": "/o"}) == "run --in /d --seed 7  > /o/log"


def test_values_are_not_read_as_expressions_again() -> None:
    assert fill("echo ${{inputs.a}}", {"a": "${{inputs.b}}", "b": "no"}, {}) == "echo ${{inputs.b}}"


def test_a_command_tells_what_it_mentions_and_where() -> None:
    found = [(mention.side, mention.name, mention.optional) for mention in mentions(COMMAND)]
    assert found == [
        ("inputs", "data", False),
        ("inputs", "seed", True),
        ("inputs", "tag", True),
        ("outputs", "out", False),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("${{parent.inputs.data}}", Binding("inputs", "data")),
        ("${{ parent.inputs.group.depth }}", Binding("inputs", "group.depth")),
        ("${{parent.jobs.train-it.outputs.model}}", Binding("outputs", "model", "train-it")),
        ("${{parent.outputs.rows}}", Binding("outputs", "rows")),
        ("${{inputs.data}}", None),
        ("${{parent.jobs.train.inputs.data}}", None),
        ("before ${{parent.inputs.data}}", None),
    ],
)
def test_a_binding_names_its_source(text: str, found: Binding | None) -> None:
    assert binding(text) == found


def test_only_a_whole_expression_is_one() -> None:
    assert is_expression(" ${{parent.inputs.x}} ")
    assert not is_expression("a ${{parent.inputs.x}}")
    assert not is_expression("plain")


def test_the_address_of_an_output_may_name_the_run() -> None:
    path = "azureml://datastores/d/paths/${{name}}/${{ output_name }}/x"
    assert fill_path(path, name="run-1", output="model") == "azureml://datastores/d/paths/run-1/model/x"
