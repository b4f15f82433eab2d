"""Closed sets and limits in the API's schema."""

from datetime import time
from typing import Annotated, Any

from django import forms
from django.db.models import TextChoices
from pydantic import BeforeValidator, Field

from notifications.intake.json_schema import keywords

# As a form reads a time; seconds of 0, which it accepts as well, are not worth saying.
CLOCK = "^([01][0-9]|2[0-3]):[0-5][0-9]$"


def one_of(choices: type[TextChoices], *more: str | None, **options: Any) -> Any:
    # Not the class as the type: ninja names schemas by class alone, and four classes are called Outcome, State or Kind.
    return Field(json_schema_extra=enumerated([*choices.values, *more]), **options)


def some_of(choices: type[TextChoices]) -> Any:
    items = {"type": "string", **enumerated(choices.values)}
    return Field(default=[], json_schema_extra={"items": items, "maxItems": len(choices)})


def enumerated(values: list[Any]) -> dict[str, Any]:
    return {"enum": values}


def limited(default: Any = ..., **added: Any) -> Any:
    """A field with keywords of JSON Schema, which say what a form checks.

    They are not checked here: what is stored can be read, whatever the limits are by then.
    """
    return Field(default=default, json_schema_extra=keywords(**added))


def as_form_field(field: forms.Field, default: Any) -> Any:
    """With the limits that a field of a form has."""
    names = {"min_value": "minimum", "max_value": "maximum", "max_length": "maxLength"}
    found = {keyword: getattr(field, name, None) for name, keyword in names.items()}
    return limited(default, **{keyword: limit for keyword, limit in found.items() if limit is not None})


def hours_and_minutes(value: object) -> object:
    return f"{value:%H:%M}" if isinstance(value, time) else value


Clock = Annotated[str | None, BeforeValidator(hours_and_minutes)]


def clock() -> Any:
    return limited(None, pattern=CLOCK, examples=["08:30"])
