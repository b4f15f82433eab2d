"""Closed sets in the API's schema."""

from typing import Any

from django.db.models import TextChoices
from pydantic import Field


def one_of(choices: type[TextChoices], *more: str | None, **options: Any) -> Any:
    # Not the class as the type: ninja names schemas by class alone, and four classes are called Outcome, State or Kind.
    return Field(json_schema_extra=enumerated([*choices.values, *more]), **options)


def some_of(choices: type[TextChoices]) -> Any:
    return Field(default=[], json_schema_extra={"items": {"type": "string", **enumerated(choices.values)}})


def enumerated(values: list[Any]) -> dict[str, Any]:
    return {"enum": values}
