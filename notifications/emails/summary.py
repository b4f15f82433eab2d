"""A completion as its mail tells it: everything is text already, so that templates only place it."""

from collections import Counter
from collections.abc import Sequence

from django.conf import settings

from notifications.emails.headers import SUBJECT_LIMIT, one_line
from notifications.emails.looks import LOOKS
from notifications.emails.rows import NAME_LIMIT, target_rows
from notifications.emails.shares import counted_failures, shares
from notifications.emails.words import counted, duration, moment, ordinal, seconds, web_link
from notifications.models import Completion, Outcome, TargetResult

FACT_LIMIT = 200
NAMED_IN_PREVIEW = 3


class Summary:
    def __init__(self, completion: Completion, targets: Sequence[TargetResult]) -> None:
        self.completion = completion
        self.outcome = Outcome(completion.outcome)
        self.look = LOOKS[self.outcome]
        self.targets = targets
        self.total = len(targets)
        self.number = Counter(target.outcome for target in targets)
        self.shares = shares(self.number)
        self.rows = target_rows(targets)
        self.more = self.total - len(self.rows)
        self.title = one_line(completion.name, FACT_LIMIT) or f"Unnamed {completion.kind}"
        self.counts = self._counts()
        self.took = duration(completion.started_at, completion.finished_at)
        self.panel_link = f"{settings.PUBLIC_URL}/completions/{completion.uuid}/"
        self.tool_link = web_link(completion.url)
        self.tool_name = one_line(completion.source, NAME_LIMIT) or "the tool"
        self.usually = seconds(completion.usual_seconds)
        self.history = history(self.outcome, completion.failures_before)

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
        return " · ".join(filter(None, [self.history, self.counts, named, self.took]))

    @property
    def facts(self) -> list[tuple[str, str]]:
        """Only what the tool told."""
        told = self.completion
        facts = [
            ("Package", f"{told.package} {told.version}"),
            ("Schedule", told.schedule),
            ("Started", moment(told.started_at)),
            ("Finished", moment(told.finished_at)),
            ("Duration", f"{self.took}, usually {self.usually}" if self.took and self.usually else self.took),
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
        return counted(self.more, "more target") if self.more else ""

    def _counts(self) -> str:
        """`3 of 120 targets failed`: the bad news alone, or that all is well."""
        failed, cancelled = counted_failures(self.number), self.number[Outcome.CANCELLED]
        if failed:
            return f"{failed:,} of {counted(self.total, 'target')} failed"
        if cancelled:
            return f"{cancelled:,} of {counted(self.total, 'target')} cancelled"
        return counted(self.total, "target") if self.total else ""


def history(outcome: Outcome, failures_before: int) -> str:
    """Against what was received before of the same source, kind, package and schedule."""
    if outcome.is_failure and failures_before:
        return f"{ordinal(failures_before + 1)} failure in a row"
    if outcome is Outcome.SUCCESS and failures_before:
        return f"Recovered after {counted(failures_before, 'failure')}"
    return ""
