"""How many mails were settled on each day, how they ended, and how long they took. Tests are tries, and not counted.

A day that is over is summed up once, by the worker. Read from the mails themselves, two weeks of 400,000 of them took
a second: the time to accept has to be sorted. Today, and what no worker summed up yet, is read as it is asked for.
"""

from datetime import date, datetime, time, timedelta
from math import ceil

from django.conf import settings
from django.db.models import Case, Count, F, FloatField, Func, Q, QuerySet, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from notifications.models import MailDay, Message

DAYS = 14
# What was settled right before midnight may be committed a moment after it.
SETTLING = timedelta(minutes=10)
# A day still under way is read again and again, so its times are those of its newest mails.
NEWEST = 5_000
NO_TEST = Q(kind__in=(Message.Kind.NOTIFICATION, Message.Kind.DIGEST))
ACCEPTED = (Message.State.SENT, Message.State.PARTLY_SENT)
STATES_OF = {
    "sent": (Message.State.SENT,),
    "partly_sent": (Message.State.PARTLY_SENT,),
    "failed": (Message.State.FAILED, Message.State.EXPIRED),
    "cancelled": (Message.State.CANCELLED,),
}


class SecondsBetween(Func):
    """Django's own difference is a Python function in SQLite, and ten times as slow."""

    output_field = FloatField()
    template = "((julianday(%(expressions)s)) * 86400.0)"
    arg_joiner = ") - julianday("

    def as_postgresql(self, compiler: object, connection: object, **context: object) -> object:
        template = "CAST(EXTRACT(EPOCH FROM (%(expressions)s)) AS double precision)"
        return self.as_sql(compiler, connection, template=template, arg_joiner=" - ", **context)  # type: ignore[arg-type]  # Django passes them


def last_days(now: datetime) -> list[MailDay]:
    """The last DAYS days, today last; only what is kept is not computed. None of them is saved here."""
    starts = [start_of(day_of(now) - timedelta(days=back)) for back in range(DAYS - 1, -1, -1)]
    kept = {day.starts_at: day for day in MailDay.objects.filter(starts_at__gte=starts[0])}
    return [kept.get(start) or summed_up(start, newest=NEWEST) for start in starts]


def sum_up(now: datetime) -> None:
    """Keep the days that are over and not kept yet, and forget those that are older than the retention."""
    today = day_of(now - SETTLING)
    starts = [start_of(today - timedelta(days=back)) for back in range(1, DAYS)]
    kept = set(MailDay.objects.filter(starts_at__gte=starts[-1]).values_list("starts_at", flat=True))
    missing = [summed_up(start) for start in starts if start not in kept]
    # Another worker may do the same at the same time, with the same result.
    MailDay.objects.bulk_create(missing, ignore_conflicts=True)
    keep_for = timedelta(days=max(settings.RETENTION_DAYS, DAYS))
    MailDay.objects.filter(starts_at__lt=now - keep_for).delete()


def start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min), timezone.get_default_timezone())


def day_of(moment: datetime) -> date:
    """In the installation's zone, whoever asks: days are summed up once for all."""
    return timezone.localdate(moment, timezone.get_default_timezone())


def summed_up(start: datetime, newest: int | None = None) -> MailDay:
    """The day that begins at `start`; its times to accept from its `newest` mails alone, when given."""
    end = start_of(day_of(start) + timedelta(days=1))
    messages = Message.objects.filter(finished_at__gte=start, finished_at__lt=end)
    # States and kinds are told apart in what is selected: as a condition, or to group by, they tempt SQLite to an index
    # of their own, and so to read every mail there is (8 s of 420,000). Counted is a column that the index holds.
    counts = messages.aggregate(
        **{name: Count("finished_at", filter=NO_TEST & Q(state__in=states)) for name, states in STATES_OF.items()}
    )
    day = MailDay(starts_at=start, **counts)
    if day.sent or day.partly_sent:
        seconds = times_to_accept(messages, newest)
        if seconds:
            day.median_seconds, day.p95_seconds = rank(seconds, 50), rank(seconds, 95)
    return day


def times_to_accept(messages: QuerySet[Message], newest: int | None) -> list[float]:
    """Seconds, shortest first. A mail that its notification's hours kept back is timed from their begin."""
    taken = SecondsBetween(F("finished_at"), Coalesce("not_before", "created_at"))
    of_accepted = Case(When(NO_TEST, state__in=ACCEPTED, then=taken), output_field=FloatField())
    rows = messages.order_by("-finished_at").values_list(of_accepted, flat=True)[:newest]
    return sorted(max(seconds, 0.0) for seconds in rows if seconds is not None)


def rank(ordered: list[float], percent: int) -> float:
    """The nearest rank: a time that a mail really took."""
    return ordered[max(ceil(len(ordered) * percent / 100), 1) - 1]
