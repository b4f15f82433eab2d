"""Lines of a table in a mail: the failures first, and no more than a mail should have."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from django.utils.html import escape

from notifications.emails.headers import one_line
from notifications.emails.looks import LOOKS, Look
from notifications.emails.words import seconds
from notifications.models import Outcome, TargetResult

ROWS_LIMIT = 100
# Gmail cuts a mail at 102 KB of HTML. This much for the rows leaves room for the rest, whatever escaping makes of them.
ROWS_OCTETS = 72_000
ROW_OCTETS = 400  # the table around one
NAME_LIMIT = 80
DETAIL_LIMIT = 160
WORD_WIDTH = max(len(look.word) for look in LOOKS.values())


@dataclass(frozen=True)
class Row:
    name: str
    outcome: str
    look: Look
    took: str = ""
    detail: str = ""
    link: str = ""

    @property
    def padded_word(self) -> str:
        return self.look.word.ljust(WORD_WIDTH)


class HasOutcome(Protocol):
    outcome: str


Told = TypeVar("Told", bound=HasOutcome)


def failures_first(told: Iterable[Told]) -> list[Told]:
    """In the order of the report within each outcome."""
    return sorted(told, key=lambda each: LOOKS[Outcome(each.outcome)].order)


def target_rows(targets: Sequence[TargetResult]) -> list[Row]:
    return list(fitting(row_of(target) for target in failures_first(targets)[:ROWS_LIMIT]))


def row_of(target: TargetResult) -> Row:
    return Row(
        name=one_line(target.name, NAME_LIMIT),
        outcome=target.outcome,
        look=LOOKS[Outcome(target.outcome)],
        took=seconds(target.seconds),
        detail=one_line(target.detail[: DETAIL_LIMIT * 2], DETAIL_LIMIT),
    )


def fitting(rows: Iterable[Row]) -> Iterator[Row]:
    room = ROWS_OCTETS
    for row in rows:
        room -= ROW_OCTETS + len(escape(row.name + row.detail + row.link).encode())
        if room < 0:
            return
        yield row
