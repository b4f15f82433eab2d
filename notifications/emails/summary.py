"""A completion as its mail tells it: everything is text already, so that templates only place it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.html import escape

from notifications.emails.headers import SUBJECT_LIMIT, one_line
from notifications.emails.looks import LOOKS, Look
from notifications.emails.words import counted, duration, moment, seconds, web_link
from notifications.models import Completion, Outcome, TargetResult

ROWS_LIMIT = 100
# Gmail cuts a mail at 102 KB of HTML. This much for the rows leaves room for the rest, whatever escaping makes of them.
ROWS_OCTETS = 72_000
ROW_OCTETS = 400  # the table around one
NAME_LIMIT = 80
DETAIL_LIMIT = 160
FACT_LIMIT = 200
NAMED_IN_PREVIEW = 3
WORD_WIDTH = max(len(look.word) for look in LOOKS.values())


@dataclass(frozen=True)
class Row:
    name: str
    outcome: str
    look: Look
    took: str
    detail: str

    @property
    def padded_word(self) -> str:
        return self.look.word.ljust(WORD_WIDTH)


@dataclass(frozen=True)
class Share:
    """A piece of the bar; `percent` is at least 1, so that one failure in a thousand is seen."""

    outcome: str
    look: Look
    count: int
    percent: int

    @property
    def count_text(self) -> str:
        return f"{self.count:,}"

    @property
    def bar(self) -> str:
        """For the plain text: 25 characters are the whole."""
        return "#" * max(1, self.percent // 4)


class Summary:
    def __init__(self, completion: Completion, targets: Sequence[TargetResult]) -> None:
        self.completion = completion
        self.outcome = Outcome(completion.outcome)
        self.look = LOOKS[self.outcome]
        self.total = len(targets)
        self.shares = shares(targets)
        self.rows = list(fitting(row_of(target) for target in failures_first(targets)[:ROWS_LIMIT]))
        self.more = self.total - len(self.rows)
        self.title = one_line(completion.name, FACT_LIMIT) or f"Unnamed {completion.kind}"
        self.counts = self._counts()
        self.took = duration(completion.started_at, completion.finished_at)
        self.panel_link = f"{settings.PUBLIC_URL}/completions/{completion.uuid}/"
        self.tool_link = web_link(completion.url)
        self.tool_name = one_line(completion.source, NAME_LIMIT) or "the tool"
        self.notifications_link = f"{settings.PUBLIC_URL}/notifications/"

    @property
    def subject(self) -> str:
        """The counts are what is read first on a phone: a long name is cut, they are not."""
        counts = f" ({self.counts})" if self.counts else ""
        room = SUBJECT_LIMIT - len(self.look.word) - len(counts) - 2
        return f"{self.look.word}: {one_line(self.title, room)}{counts}"

    @property
    def preview(self) -> str:
        """What a list of mails shows behind the subject."""
        failed = [row.name for row in self.rows if row.outcome in (Outcome.FAILED, Outcome.PARTIAL)]
        named = ", ".join(failed[:NAMED_IN_PREVIEW]) + (" …" if len(failed) > NAMED_IN_PREVIEW else "")
        return " · ".join(filter(None, [self.counts, named, self.took]))

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Only what the tool told."""
        told = self.completion
        facts = [
            ("Package", f"{told.package} {told.version}"),
            ("Schedule", told.schedule),
            ("Started", moment(told.started_at)),
            ("Finished", moment(told.finished_at)),
            ("Duration", self.took),
            ("User", told.user),
            ("Reported by", told.source),
        ]
        cleaned = ((label, one_line(text, FACT_LIMIT)) for label, text in facts)
        return [(label, text) for label, text in cleaned if text]

    @property
    def aligned_facts(self) -> list[tuple[str, str]]:
        width = max((len(label) for label, _ in self.facts), default=0)
        return [(f"{label}:".ljust(width + 1), text) for label, text in self.facts]

    @property
    def more_text(self) -> str:
        return counted(self.more, "more target")

    def _counts(self) -> str:
        """`3 of 120 targets failed`: the bad news alone, or that all is well."""
        number = {share.outcome: share.count for share in self.shares}
        failed = number.get(Outcome.FAILED, 0) + number.get(Outcome.PARTIAL, 0)
        cancelled = number.get(Outcome.CANCELLED, 0)
        if failed:
            return f"{failed:,} of {counted(self.total, 'target')} failed"
        if cancelled:
            return f"{cancelled:,} of {counted(self.total, 'target')} cancelled"
        return counted(self.total, "target") if self.total else ""


def failures_first(targets: Iterable[TargetResult]) -> list[TargetResult]:
    """In the order of the report within each outcome."""
    return sorted(targets, key=lambda target: LOOKS[Outcome(target.outcome)].order)


def fitting(rows: Iterable[Row]) -> Iterator[Row]:
    room = ROWS_OCTETS
    for row in rows:
        room -= ROW_OCTETS + len(escape(row.name + row.detail).encode())
        if room < 0:
            return
        yield row


def row_of(target: TargetResult) -> Row:
    return Row(
        name=one_line(target.name, NAME_LIMIT),
        outcome=target.outcome,
        look=LOOKS[Outcome(target.outcome)],
        took=seconds(target.seconds),
        detail=one_line(target.detail[: DETAIL_LIMIT * 2], DETAIL_LIMIT),
    )


def shares(targets: Sequence[TargetResult]) -> list[Share]:
    counts = Counter(target.outcome for target in targets)
    present = [outcome for outcome in reversed(LOOKS) if counts[outcome]]
    if not present:
        return []
    percents = {outcome: max(1, counts[outcome] * 100 // len(targets)) for outcome in present}
    # Rounding goes to the largest piece, which shows it least.
    percents[max(present, key=counts.__getitem__)] += 100 - sum(percents.values())
    return [Share(outcome, LOOKS[outcome], counts[outcome], percents[outcome]) for outcome in present]
