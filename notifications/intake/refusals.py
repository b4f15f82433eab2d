"""Why a report was refused, in words for the person who wrote the script that sends it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from notifications.intake.values import one_line

MAX_REFUSALS = 20
SENTENCES = {
    "extra_forbidden": "is not a field that is known here",
    "missing": "is missing",
    "string_type": "must be a string",
    "float_type": "must be a number",
    "list_type": "must be a list",
    "model_type": "must be an object",
    "string_too_short": "must not be blank",
    "string_too_long": "is longer than {max_length} characters",
    "too_long": "has more than {max_length} entries",
    "enum": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le:.0f}",
    "finite_number": "must be a finite number",
    "wrong": "{message}",
}


@dataclass(frozen=True)
class Refusal:
    """One field that does not fit; `field` reads like `targets[3].outcome`."""

    field: str
    message: str

    @classmethod
    def of(cls, error: ErrorDetails) -> Self:
        context: dict[str, Any] = error.get("ctx", {})
        field = path(error["loc"]) or context.get("field") or "report"
        sentence = SENTENCES.get(error["type"])
        return cls(field, sentence.format_map(context) if sentence else error["msg"])


class InvalidReport(Exception):
    """The report is JSON but does not fit; at most MAX_REFUSALS reasons are listed."""

    def __init__(self, error: ValidationError) -> None:
        details = error.errors(include_url=False, include_input=False)
        self.refusals = [Refusal.of(each) for each in details[:MAX_REFUSALS]]
        super().__init__("; ".join(f"{refusal.field} {refusal.message}" for refusal in self.refusals))


def path(parts: Iterable[str | int]) -> str:
    """`("targets", 3, "name")` as `targets[3].name`."""
    steps = (f"[{part}]" if isinstance(part, int) else f".{one_line(part)[:80]}" for part in parts)
    return "".join(steps).removeprefix(".")
