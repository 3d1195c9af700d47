"""Reading request bodies as the service does.

Keys match without regard to case (camelCase, PascalCase), enumerations too; numbers may come as strings;
unknown keys are ignored. Everything that is wrong is reported at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from azureml_emulator.http import ServiceError

_DURATION = re.compile(
    r"(?P<sign>-?)P(?:(?P<days>\d{1,7})D)?(?:T(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9}(?:\.\d{1,7})?)S)?)?",
    re.IGNORECASE,
)


class Body(BaseModel):
    """A JSON object of a request; field names are the service's in snake case."""

    model_config = ConfigDict(
        alias_generator=to_camel, extra="ignore", coerce_numbers_to_str=True, protected_namespaces=()
    )

    @model_validator(mode="before")
    @classmethod
    def _known_spelling(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        spelling = _spelling(cls)
        return {spelling.get(key.lower(), key): item for key, item in value.items()}

    def dump(self) -> dict[str, Any]:
        """The object with the service's spelling and all its defaults."""
        return self.model_dump(by_alias=True)

    def sent(self) -> dict[str, Any]:
        """Only what the client sent, with the service's spelling."""
        return self.model_dump(by_alias=True, exclude_unset=True)

    @classmethod
    def read(cls, document: Any) -> Self:
        """Validate a request body; raises :class:`ServiceError` 400 that names every problem."""
        if not isinstance(document, dict):
            raise ServiceError(
                400,
                "InvalidRequestContent",
                "The request content was invalid and could not be deserialized: a JSON object is expected.",
            )
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            raise invalid_request(error) from None


@cache
def _spelling(body: type[Body]) -> dict[str, str]:
    aliases = [field.alias or name for name, field in body.model_fields.items()]
    return {alias.lower(): alias for alias in aliases}


def invalid_request(error: ValidationError) -> ServiceError:
    """The answer to a body with problems, one detail for each with the path of the property."""
    details = []
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        target = ".".join(str(part) for part in problem["loc"])
        text = "is required." if problem["type"] == "missing" else _sentence(problem["msg"])
        details.append({"code": "InvalidProperty", "message": f"'{target}' {text}", "target": target})
    summary = " ".join(detail["message"] for detail in details)
    return ServiceError(
        400, "ValidationError", f"The request is invalid. {summary}", target=details[0]["target"], details=details
    )


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ")
    return text if text.endswith(".") else f"{text[0].lower()}{text[1:]}."


def choice(*values: str) -> BeforeValidator:
    """One of some names, in any case; stored as the service spells it."""
    spelling = {value.lower(): value for value in values}

    def check(value: Any) -> Any:
        if value is None or (isinstance(value, str) and value.lower() in spelling):
            return None if value is None else spelling[value.lower()]
        raise ValueError(f"is '{value}', which is not one of: {', '.join(values)}.")

    return BeforeValidator(check)


def duration_seconds(text: str) -> float:
    """Seconds of an ISO 8601 duration, negative for one with a sign; ``ValueError`` when it is none."""
    match = _DURATION.fullmatch(text)
    if match is None or text.upper().rstrip("T") in {"P", "-P"}:
        raise ValueError(f"is '{text}', which is not an ISO 8601 duration such as 'PT30S'.")
    seconds = (
        int(match["days"] or 0) * 86400
        + int(match["hours"] or 0) * 3600
        + int(match["minutes"] or 0) * 60
        + float(match["seconds"] or 0)
    )
    return -seconds if match["sign"] else seconds


def _duration(value: Any) -> Any:
    seconds = duration_seconds(value if isinstance(value, str) else str(value))
    return "-" * (seconds < 0) + format_duration(abs(seconds))


def format_duration(seconds: float) -> str:
    """Write seconds as the service does (.NET's ``XmlConvert``): ``PT2M`` for 120, ``P1DT1S`` for 86401."""
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    time = "".join(f"{value:.10g}{unit}" for value, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if value)
    date = f"{days:.10g}D" if days else ""
    return f"P{date}T{time}" if time else (f"P{date}" if date else "PT0S")


Duration = Annotated[str, BeforeValidator(_duration)]
"""An ISO 8601 duration in the service's normal form."""


def _strings(name: str, *, empty: bool) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise ValueError(f"is not an object of {name}.")
        for key, item in value.items():
            if isinstance(item, (dict, list)):
                raise ValueError(f"holds '{key}', whose value is not a string.")
            if not empty and (item is None or str(item) == ""):
                raise ValueError(
                    f"holds the {name.removesuffix('s')} '{key}' with an empty value; values are non-empty strings."
                )
        return {key: item for key, item in value.items() if item is not None}

    return check


_TAGS = BeforeValidator(_strings("tags", empty=False))
_EMPTY: Any = Field(default_factory=dict)

Tags = Annotated[dict[str, str], _TAGS, _EMPTY]
"""Tags: names to non-empty strings; absent or ``null`` is none."""

NewTags = Annotated[dict[str, str] | None, _TAGS]
"""The tags of a PATCH; absent leaves them as they are."""

Strings = Annotated[dict[str, str], BeforeValidator(_strings("entries", empty=True)), _EMPTY]
"""A dictionary of strings; absent or ``null`` is an empty one, entries that are ``null`` are left out."""


NewStrings = Annotated[dict[str, str] | None, BeforeValidator(_strings("entries", empty=True))]
"""The dictionary of a change; absent leaves it as it is."""


def _object(value: Any) -> Any:
    return {} if value is None else value


Object = Annotated[dict[str, Any], BeforeValidator(_object), _EMPTY]
"""Any JSON object; absent or ``null`` is an empty one."""
