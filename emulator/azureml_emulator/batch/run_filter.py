"""The filter of a query for runs: comparisons of their fields, as OData writes them. Pure.

``status eq 'Running' or (status eq 'Queued' and runId ne 'x')``; fields and words in any case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

_TOKENS = re.compile(r"\s*(?:(?P<sign>[()])|(?P<text>'(?:[^']|'')*'|\"[^\"]*\")|(?P<word>[\w.\-/:]+))")
_FIELDS = {name.lower(): name for name in ("runId", "status", "displayName", "runType", "parentRunId", "rootRunId")}
_TESTS: Mapping[str, Callable[[str, str], bool]] = {"eq": lambda a, b: a == b, "ne": lambda a, b: a != b}

Test = Callable[[Mapping[str, Any]], bool]


class FilterError(ValueError):
    """A filter that is not understood; the text says what is."""


def parse(text: str) -> Test:
    """The test that a filter is, for runs as run history shows them; everything passes an empty one.

    Raises:
        FilterError: it is no filter of this sort, or names a field that cannot be filtered by.
    """
    if not text.strip():
        return lambda _run: True
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def whole(self) -> Test:
        found = self._either()
        if self.text[self.at :].strip():
            raise self._error(f"nothing is expected at '{self.text[self.at :].strip()}'")
        return found

    def _either(self) -> Test:
        tests = [self._both()]
        while self._word_is("or"):
            tests.append(self._both())
        return lambda run: any(test(run) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._word_is("and"):
            tests.append(self._one())
        return lambda run: all(test(run) for test in tests)

    def _one(self) -> Test:
        kind, word = self._token()
        if word == "(":
            found = self._either()
            if self._token()[1] != ")":
                raise self._error("')' is missing")
            return found
        field = _FIELDS.get(word.lower()) if kind == "word" else None
        if field is None:
            raise self._error(f"'{word}' is not a field that runs are filtered by: {', '.join(_FIELDS.values())}")
        name = self._token()[1].lower()
        if name not in _TESTS:
            raise self._error(f"'{name}' is not one of the comparisons {', '.join(_TESTS)}")
        kind, word = self._token()
        value = word[1:-1].replace("''", "'") if kind == "text" else word
        return lambda run: _TESTS[name](str(run.get(field) or "").lower(), value.lower())

    def _token(self) -> tuple[str, str]:
        match = _TOKENS.match(self.text, self.at)
        if match is None:
            raise self._error("it ends too early" if not self.text[self.at :].strip() else "it cannot be read")
        self.at = match.end()
        return str(match.lastgroup), match[str(match.lastgroup)]

    def _word_is(self, word: str) -> bool:
        match = _TOKENS.match(self.text, self.at)
        if match is None or (match["word"] or "").lower() != word:
            return False
        self.at = match.end()
        return True

    def _error(self, what: str) -> FilterError:
        return FilterError(f"The filter '{self.text}' is not understood: {what}.")
