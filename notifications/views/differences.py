"""What somebody saved while somebody else was typing: both sides of a field, as people read them."""

from dataclasses import dataclass
from datetime import time
from typing import Any

from django.forms import BooleanField, BoundField


@dataclass(frozen=True)
class Difference:
    label: str
    saved: str
    typed: str


def difference(field: BoundField) -> Difference | None:
    theirs, mine = shown(field, field.initial), shown(field, field.value())
    return Difference(str(field.label), theirs, mine) if theirs != mine else None


def shown(field: BoundField, value: Any) -> str:
    """The labels of choices, yes or no for a tick, a line for each of a list."""
    if isinstance(field.field, BooleanField):
        return "yes" if value in ("on", True) else "no"
    if value is None:
        return "(empty)"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    choices = dict(getattr(field.field, "choices", ()))
    values = value if isinstance(value, (list, tuple)) else [value]
    if choices:
        # A page posts them as they stand there, whatever order a file or the API gave them.
        values = [each for each in choices if str(each) in map(str, values)] or values
    return "\n".join(str(choices.get(each, each)) for each in values).replace("\r\n", "\n").strip() or "(empty)"
