"""What became of notifications lately: for the list, in a fixed number of queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from django.db.models import Count, Exists, Min, OuterRef, Q
from django.utils import timezone

from notifications.models import DigestEntry, Message, Notification

LATELY = timedelta(days=7)
SENT = Q(state__in=(Message.State.SENT, Message.State.PARTLY_SENT))
# Deferred ones, too; what was sent again with success is mended.
FAILING = (
    Q(state__in=(Message.State.FAILED, Message.State.EXPIRED, Message.State.PARTLY_SENT))
    | Q(state=Message.State.QUEUED, attempt_count__gt=0)
) & ~Q(Exists(Message.objects.filter(resend_of=OuterRef("pk"), state=Message.State.SENT)))


@dataclass(frozen=True)
class News:
    """`sent` and `failing` are mails of the last seven days; `collected` wait for a digest, the first until `due`."""

    sent: int = 0
    failing: int = 0
    collected: int = 0
    due: datetime | None = None

    @property
    def failing_words(self) -> str:
        return f"{self.failing:,} failing"


def news_of(notifications: Sequence[Notification]) -> dict[int, News]:
    mails = {row["notification"]: row for row in counted_mails(notifications)}
    entries = {row["notification"]: row for row in counted_entries(notifications)}
    found = {}
    for key in (notification.pk for notification in notifications):
        mail, entry = mails.get(key, {}), entries.get(key, {})
        found[key] = News(
            sent=mail.get("sent", 0),
            failing=mail.get("failing", 0),
            collected=entry.get("collected", 0),
            due=entry.get("due"),
        )
    return found


def of_its_own() -> Q:
    """What a notification did by itself: neither a test of it nor a mail that somebody sent again."""
    return Q(resend_of=None) & ~Q(kind=Message.Kind.TEST)


def counted_mails(notifications: Sequence[Notification]) -> Iterable[dict[str, Any]]:
    lately = Message.objects.filter(
        of_its_own(), notification__in=notifications, created_at__gt=timezone.now() - LATELY
    )
    counts = {name: Count("pk", filter=which) for name, which in (("sent", SENT), ("failing", FAILING))}
    return cast(Iterable[dict[str, Any]], lately.order_by().values("notification").annotate(**counts))


def counted_entries(notifications: Sequence[Notification]) -> Iterable[dict[str, Any]]:
    open_ones = DigestEntry.objects.filter(notification__in=notifications, told_at=None).order_by()
    found = open_ones.values("notification").annotate(collected=Count("pk"), due=Min("due_at"))
    return cast(Iterable[dict[str, Any]], found)
