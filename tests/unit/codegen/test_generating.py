"""What generated clients look like, and what no client is written for."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from azureml_codegen import LANGUAGES, DocumentError, UnknownLanguageError, generate
from unit.codegen.golden import ENDPOINTS, HERE, clients, document

GOLDEN = HERE / "golden"


def test_clients_are_the_golden_ones():
    made = {path: client.text for path, client in clients().items()}
    kept = {str(file.relative_to(GOLDEN)): file.read_text() for file in GOLDEN.rglob("*.*")}
    assert made == kept, f"if the change is wanted: .venv/bin/python {Path(__file__).with_name('golden.py')}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_versions_of_a_document_give_one_client(language: str):
    old = dataclasses.replace(ENDPOINTS["batch"], document=document("batch-2"))
    assert generate(old, language) == generate(ENDPOINTS["batch"], language)


def test_a_language_without_a_generator_is_refused_with_those_that_there_are():
    with pytest.raises(UnknownLanguageError, match=r"'cobol'.*python, csharp, r, curl, javascript"):
        generate(ENDPOINTS["batch"], "cobol")


def test_languages_are_named_in_any_case():
    assert generate(ENDPOINTS["batch"], "Python") == generate(ENDPOINTS["batch"], "python")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"paths": {"/score": {}}}, "no 'POST …/jobs'. Its paths: /score"),
        ({"paths": {}}, "Its paths: none at all"),
        ({"components": {"schemas": {}}}, "refers to '#/components/schemas/JobRequest'"),
        ({"components": {"schemas": {"JobRequest": {"type": "object"}}}}, "no 'properties.inputData'"),
        ({"components": {"schemas": {"JobRequest": {"$ref": "#/components/schemas/JobRequest"}}}}, "leads to itself"),
    ],
)
def test_a_document_that_does_not_tell_what_a_job_takes_is_refused_with_the_place(changed: dict, told: str):
    endpoint = dataclasses.replace(ENDPOINTS["batch"], document={**document("batch"), **changed})
    with pytest.raises(DocumentError) as caught:
        generate(endpoint, "python")
    assert told in str(caught.value)
