"""When to try again: one function, with a reason for each branch."""

import random
from datetime import timedelta

from django.conf import settings

from notifications.backends.base import Fault

# Greylisting wants a minute, a restart takes five, a broken server an afternoon.
STEPS = [timedelta(minutes=minutes) for minutes in (1, 5, 15, 30)]
HOURLY = timedelta(hours=1)
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=1), timedelta(hours=1)
# A mail that was in a worker's hands at each of so many of its deaths is taken for the cause.
MOST_CRASHES = 6
# An email whose connection broke before the reply so many times is left to a person: each time may have been a copy.
MOST_BROKEN = 2


def next_delay(fault: Fault, tries: int, age: timedelta, retry_after: timedelta | None = None) -> timedelta | None:
    """The wait after the `tries`-th try that met `fault`; None to give up. `age` counts from the first real try."""
    # A 4yz that never heals ("430 4.2.0 mailbox logon failure") is a permanent fault that nobody recognised.
    if age >= timedelta(days=settings.MESSAGE_MAX_AGE_DAYS):
        return None
    # The server knows best, within reason: some say 10^9 seconds, some a negative number.
    if retry_after is not None:
        return min(max(retry_after, SHORTEST_WAIT), LONGEST_WAIT)
    # A daily limit is not over in a minute, and each refused try counts against the next day at some providers.
    if fault is Fault.QUOTA:
        return jittered(HOURLY)
    # A throttled attempt counts as none: it is the server's pause that was too short, not the email's.
    step = STEPS[max(tries, 1) - 1] if tries <= len(STEPS) else HOURLY
    return step if step == STEPS[0] else jittered(step)


def ambiguous_delay(times: int, *, timed_out: bool) -> timedelta | None:
    """The wait after the server did not reply to a whole email for the `times`-th time; None to ask a person.

    Each of these attempts may have arrived. A server that is slow to reply would be as slow the next time, so it gets
    an hour and one more attempt; a connection that broke was most likely a restart.
    """
    if timed_out:
        return HOURLY if times < 2 else None
    return STEPS[times - 1] if times <= MOST_BROKEN else None


def jittered(delay: timedelta) -> timedelta:
    """± 20 %, so that a thousand mails deferred together do not come back together."""
    return delay * random.uniform(0.8, 1.2)  # noqa: S311  # spreads load, guards nothing
