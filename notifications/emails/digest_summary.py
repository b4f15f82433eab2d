"""Many completions as one mail tells them: all are counted, the first are listed."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count

from notifications.emails.headers import SUBJECT_LIMIT, one_line
from notifications.emails.looks import LOOKS
from notifications.emails.rows import DETAIL_LIMIT, NAME_LIMIT, ROWS_LIMIT, Row, failures_first, fitting
from notifications.emails.shares import counted_failures, counted_outcomes, shares
from notifications.emails.words import counted, duration, localised, span
from notifications.models import Completion, DigestEntry, Notification, Outcome, TargetResult


class DigestSummary:
    def __init__(
        self,
        notification: Notification,
        completions: Sequence[Completion],
        reason: DigestEntry.Reason | str,
        window: tuple[datetime, datetime],
    ) -> None:
        self.notification = notification
        self.throttled = reason == DigestEntry.Reason.THROTTLED
        self.zone = ZoneInfo(notification.time_zone or settings.TIME_ZONE)
        self.total = len(completions)
        self.number = Counter(completion.outcome for completion in completions)
        self.shares = shares(self.number)
        self.rows = self._rows(failures_first(completions)[:ROWS_LIMIT])
        self.more = self.total - len(self.rows)
        self.counts = counted_outcomes(self.number)
        self.window = span(*window, self.zone)
        worst = min(self.number, key=lambda outcome: LOOKS[Outcome(outcome)].order, default=Outcome.SUCCESS)
        self.look = LOOKS[Outcome(worst)]
        self.completions_link = f"{settings.PUBLIC_URL}/completions/"

    @property
    def what(self) -> str:
        return counted(self.total, self.notification.kind)

    @property
    def headline(self) -> str:
        return f"{self.total:,} more suppressed" if self.throttled else self.what

    @property
    def subject(self) -> str:
        """The counts are what is read first on a phone: a long name is cut, they are not."""
        if not self.throttled:
            return f"{self.what}: {self.counts}"
        room = SUBJECT_LIMIT - len(self.headline) - len(self.counts) - len(" by “”: ")
        return f"{self.headline} by “{one_line(self.notification.name, room)}”: {self.counts}"

    @property
    def explanation(self) -> str:
        if not self.throttled:
            return ""
        limit = counted(self.notification.throttle_count or 0, "mail")
        minutes = counted(self.notification.throttle_minutes or 0, "minute")
        return f"No more than {limit} in {minutes} may go out; the rest is told here."

    @property
    def preview(self) -> str:
        return " · ".join([self.window, *(row.name for row in self.rows[:3])])

    @property
    def more_text(self) -> str:
        return counted(self.more, f"more {self.notification.kind}") if self.more else ""

    def _rows(self, completions: Sequence[Completion]) -> list[Row]:
        targets = target_counts(completions)
        return list(fitting(self._row(completion, targets[completion.pk]) for completion in completions))

    def _row(self, completion: Completion, targets: Counter[str]) -> Row:
        facts = [
            failures_of(targets),
            duration(completion.started_at, completion.finished_at),
            f"{localised(completion.finished_at or completion.received_at, self.zone):%H:%M}",
        ]
        return Row(
            name=one_line(completion.name, NAME_LIMIT) or f"Unnamed {completion.kind}",
            outcome=completion.outcome,
            look=LOOKS[Outcome(completion.outcome)],
            detail=one_line(" · ".join(filter(None, facts)), DETAIL_LIMIT),
            link=f"{settings.PUBLIC_URL}/completions/{completion.uuid}/",
        )


def target_counts(completions: Sequence[Completion]) -> defaultdict[int | None, Counter[str]]:
    """By completion, how many targets of each outcome; one query for all."""
    counts: defaultdict[int | None, Counter[str]] = defaultdict(Counter)
    stored = [completion.pk for completion in completions if completion.pk]
    rows = TargetResult.objects.filter(completion__in=stored).values_list("completion", "outcome") if stored else None
    for completion, outcome, number in rows.annotate(Count("pk")).order_by() if rows else ():
        counts[completion][outcome] = number
    return counts


def failures_of(targets: Counter[str]) -> str:
    failed, total = counted_failures(targets), counted(targets.total(), "target")
    if failed:
        return f"{failed:,} of {total} failed"
    return total if targets else ""
