"""How fast a provider lets one sender go, counted over all workers from the attempts on record."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from notifications.models import Attempt, Mode, Pace

WINDOW = timedelta(minutes=1)


@dataclass(frozen=True)
class Limits:
    parallel: int
    per_minute: int | None


# Exchange Online: Microsoft, "Improvements to SMTP AUTH client submission": 3 connections, 30 mails a minute.
# Gmail publishes daily limits only (Google Workspace Admin Help 166852); these keep well below its rate answers.
# Graph: Microsoft, "Throttling limits", Outlook service: 4 requests at a time for an app and mailbox; 30 mails a minute
# is Exchange Online's own limit behind it.
LIMITS = {Pace.EXCHANGE_ONLINE: Limits(3, 30), Pace.GMAIL: Limits(5, 60), Pace.GRAPH: Limits(4, 30)}

# Whatever pace is set: more than four at a time Graph answers with 429.
AT_MOST = {Mode.GRAPH: Limits(4, None)}


def connections_allowed(pace: str, mode: Mode | str) -> int | None:
    """How many connections the provider accepts at a time; None where no limit is known."""
    limits = limits_of(pace, mode)
    return limits.parallel if limits else None


def left_this_minute(pace: str, mode: Mode | str, now: datetime) -> int | None:
    """How many more emails may start now; None where no limit is known. Ask in the transaction that claims them."""
    limits = limits_of(pace, mode)
    if limits is None or limits.per_minute is None:
        return None
    # Not beyond now: what was started before the clock was set back is no part of this minute.
    started = Attempt.objects.filter(mode=mode, started_at__gt=now - WINDOW, started_at__lte=now)
    return max(0, limits.per_minute - started.count())


def limits_of(pace: str, mode: Mode | str) -> Limits | None:
    return LIMITS.get(Pace(pace)) or AT_MOST.get(Mode(mode))
