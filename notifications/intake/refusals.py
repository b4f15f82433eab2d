"""Why a report was refused, in words for the person who wrote the script that sends it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Self

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from notifications.intake.values import one_line
from notifications.spelling import did_you_mean

Place = tuple[str | int, ...]

MAX_REFUSALS = 20
SENTENCES = {
    "missing": "is missing",
    "string_type": "must be a string",
    "float_type": "must be a number",
    "datetime_type": "must be a text such as 2026-11-22T10:00:00Z",
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
    def of(cls, error: ErrorDetails, known: Iterable[str] = ()) -> Self:
        """`known` are the fields that could stand in its place."""
        context: dict[str, Any] = error.get("ctx", {})
        field = path(error["loc"]) or context.get("field") or "report"
        if error["type"] == "extra_forbidden":
            return cls.of_unknown(field, str(error["loc"][-1]), known)
        sentence = SENTENCES.get(error["type"])
        return cls(field, sentence.format_map(context) if sentence else error["msg"])

    @classmethod
    def of_unknown(cls, field: str, name: str, known: Iterable[str]) -> Self:
        return cls(field, f"is not a field that is known here{did_you_mean(name, known)}")


class InvalidReport(Exception):
    """The report is JSON but does not fit; at most MAX_REFUSALS reasons are listed.

    `known` says which fields there are in the place of one.
    """

    def __init__(self, error: ValidationError, known: Callable[[Place], Iterable[str]] = lambda _: ()) -> None:
        details = error.errors(include_url=False, include_input=False)
        self.refusals = [Refusal.of(each, known(each["loc"])) for each in details[:MAX_REFUSALS]]
        super().__init__("; ".join(f"{refusal.field} {refusal.message}" for refusal in self.refusals))


def path(parts: Iterable[str | int]) -> str:
    """`("targets", 3, "name")` as `targets[3].name`."""
    steps = (f"[{part}]" if isinstance(part, int) else f".{one_line(part)[:80]}" for part in parts)
    return "".join(steps).removeprefix(".")
