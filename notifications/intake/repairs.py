"""What is odd about a report is repaired or left out, and said, so that no email is lost for it.

Only what the data of one day may bring: a long name, a clock that runs backwards, a blank in a link. What is wrong with
the program that reports, such as an unknown field, a number for a text or no id, is left for the report's model to
refuse: its author meets it at the first try.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import Model

from notifications.intake.links import web_address
from notifications.intake.times import moment
from notifications.intake.values import choice, many_lines, short_identity, short_line
from notifications.models import Completion, TargetResult

MAX_WARNINGS = 20
MAX_SECONDS = 1e9
OUT_OF_RANGE = "is not between 0 and 1,000,000,000 seconds and was left out"

Values = dict[str, Any]
Repair = Callable[[str], tuple[Any, str]]


class Repairs:
    """What was repaired in one report. The first MAX_WARNINGS are kept: 20,000 targets may need one each."""

    def __init__(self) -> None:
        self._first: list[dict[str, str]] = []
        self._count = 0

    def add(self, field: str, message: str) -> None:
        """`field` reads like `targets[3].name`, or is `report` for the whole; `message` continues it."""
        self._count += 1
        if len(self._first) < MAX_WARNINGS:
            self._first.append({"field": field, "message": message})

    @property
    def warnings(self) -> list[dict[str, str]]:
        """As the API answers them and the completion keeps them."""
        more = self._count - len(self._first)
        return [*self._first, *([{"field": "report", "message": f"has {more:,} more of these"}] if more else [])]


def column(model: type[Model], name: str) -> int:
    """How many characters the column takes."""
    length = getattr(model._meta.get_field(name), "max_length", None)
    if not length:
        raise TypeError(f"{name} has no limit")
    return int(length)


def line(model: type[Model], name: str) -> Repair:
    return partial(short_line, limit=column(model, name))


REPORT: Mapping[str, Repair] = {
    "kind": choice,
    "source": partial(short_identity, limit=column(Completion, "source")),
    "id": partial(short_identity, limit=column(Completion, "external_id")),
    **{name: line(Completion, name) for name in ("name", "package", "version", "schedule", "user")},
    "outcome": choice,
    "started_at": moment,
    "finished_at": moment,
    "url": partial(web_address, limit=column(Completion, "url")),
}
# Blank ones are refused or replaced; a blank one of the others is the same as none.
REQUIRED = {"kind", "source", "id", "name", "outcome"}
TARGET: Mapping[str, Repair] = {
    "name": line(TargetResult, "name"),
    "outcome": choice,
    "detail": lambda text: (many_lines(text), ""),
}


def repaired(content: Any, repairs: Repairs) -> Any:
    """`content`, which stays as it is, with what is odd put right; each repair is added to `repairs`."""
    if isinstance(content, list) and len(content) == 1:
        repairs.add("report", "is a list with one report, which was taken")
        content = content[0]
    if not isinstance(content, dict):
        return content
    report = dict(content)
    repair_texts(report, REPORT, repairs)
    # Missing altogether it is the program's fault.
    if report.get("name", "missing") in (None, ""):
        report["name"] = substitute_name(report)
        repairs.add("name", f"is blank; “{report['name'][:100]}” was taken instead")
    leave_out_early_end(report, repairs)
    if "targets" in report:
        report["targets"] = repaired_targets(report["targets"], repairs)
    return report


def repair_texts(values: Values, fields: Mapping[str, Repair], repairs: Repairs, place: int | None = None) -> None:
    """`place` is that of a target."""
    for name, repair in fields.items():
        if isinstance(values.get(name), str):
            value, message = repair(values[name])
            values[name] = value if name in REQUIRED else value or None
            if message:
                repairs.add(name if place is None else f"targets[{place}].{name}", message)


def substitute_name(report: Values) -> str:
    """People know a nameless report by what it installed, or else by its id."""
    known = [report.get(name) for name in ("package", "schedule", "id", "source")]
    name = next((text for text in known if isinstance(text, str) and text), "")
    return short_line(name, column(Completion, "name"))[0]


def leave_out_early_end(report: Values, repairs: Repairs) -> None:
    start, end = report.get("started_at"), report.get("finished_at")
    # What is still no time by now is refused later.
    if isinstance(start, datetime) and isinstance(end, datetime) and end < start:
        report["finished_at"] = None
        repairs.add("finished_at", "is before started_at and was left out")


def repaired_targets(given: Any, repairs: Repairs) -> Any:
    """ConvertTo-Json of Windows PowerShell writes a list of one as its entry, and a list of nothing as null."""
    if isinstance(given, dict):
        repairs.add("targets", "is one object; it was taken as a list of one")
        given = [given]
    if not isinstance(given, list):
        return given
    for place, target in enumerate(given):
        if target is None:
            repairs.add(f"targets[{place}]", "is null and was left out")
    return [repaired_target(target, place, repairs) for place, target in enumerate(given) if target is not None]


def repaired_target(given: Any, place: int, repairs: Repairs) -> Any:
    """`place` is the one in the report as it came, from 0."""
    if not isinstance(given, dict):
        return given
    target = dict(given)
    repair_texts(target, TARGET, repairs, place)
    if target.get("name", "missing") in (None, ""):
        target["name"] = f"Target {place + 1}"
        repairs.add(f"targets[{place}].name", f"is blank; “{target['name']}” was taken instead")
    seconds = target.get("seconds")
    # A bool is an int to Python, and refused later.
    if isinstance(seconds, int | float) and not isinstance(seconds, bool) and not 0 <= seconds <= MAX_SECONDS:
        target["seconds"] = None
        repairs.add(f"targets[{place}].seconds", OUT_OF_RANGE)
    return target
