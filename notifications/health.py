"""Is email flowing? The answer for /readyz, for the page and for doctor."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import Error
from django.utils import timezone

from notifications import clock
from notifications.database_faults import UNKNOWN, DatabaseFault, fault_of
from notifications.database_writes import write_fault
from notifications.delivery.hints import broker_error
from notifications.models import MailServerSettings, MailServerState, Message, Restoration, Safety
from notifications.snapshot import snapshot
from supervisor.clock_watch import in_words

# The queue is checked every 10 s; ten missed checks mean that no worker is running.
SWEEP_SILENCE = timedelta(seconds=100)
# A restart of the mail server is no news; one that stays away is.
LONGEST_PAUSE = timedelta(minutes=2)
# A due email is tried within 75 s even after a crash.
OLDEST_DUE_SECONDS = 150.0

RESTORED = "on hold: this database was restored from a backup"
RESTORED_ADVICE = "an administrator decides in the panel which of the waiting emails are sent"


@dataclass(frozen=True)
class Part:
    """One thing that must work; `text` says in words what was found.

    `waits`: nothing is broken that a monitor should report, and yet no email goes out now.
    """

    name: str
    ok: bool
    text: str
    figures: dict[str, Any]
    # What the mail server replied, or what to do: it may name accounts and hosts, and is for people who signed in.
    said: str = ""
    waits: bool = False

    @property
    def in_full(self) -> str:
        return f"{self.text}: {self.said}" if self.said else self.text


def examine(*, try_lock: bool = True) -> list[Part]:
    """Every part, the database first: without it nothing else can be asked. For `try_lock` see write_fault."""
    try:
        fault = write_fault(try_lock=try_lock)
        with snapshot():
            state, server = MailServerState.load(), MailServerSettings.load()
            found = [worker(state), oldest_due(state, server), mail_server(state, server), clock_part(state)]
        return [database(fault), broker(), *found]
    except Error as error:
        return [unavailable(error)]


def database(fault: DatabaseFault | None) -> Part:
    """Reports are refused as soon as nothing can be stored, though every page still opens."""
    if fault:
        return Part("database", False, f"takes no reports: {lowered(fault.cause)}", {}, said=fault.advice)
    return Part("database", True, "answers and takes reports", {})


def unavailable(error: Exception) -> Part:
    fault = fault_of(error) or UNKNOWN
    return Part("database", False, f"does not answer: {lowered(fault.cause)}", {}, said=fault.advice)


def lowered(sentence: str) -> str:
    return sentence if sentence.startswith("PostgreSQL") else f"{sentence[:1].lower()}{sentence[1:]}"


def broker() -> Part:
    """Reached the same way, and with the same patience, as a hint."""
    error = broker_error()
    if error:
        return Part("broker", False, f"not reachable ({error}); mail waits in the database", {})
    return Part("broker", True, "reachable", {})


def worker(state: MailServerState) -> Part:
    if state.swept_at is None:
        return Part("worker", False, "no worker was ever seen", {"seen_seconds_ago": None})
    age = timezone.now() - state.swept_at
    figures = {"seen_seconds_ago": seconds_since(state.swept_at)}
    # Far in the future it is as old as the clock's jump, whose length only the clock's part knows.
    if abs(age) > SWEEP_SILENCE:
        return Part("worker", False, "no worker has checked the queue; is a worker running?", figures)
    return Part("worker", True, "looking for mail", figures)


def seconds_since(moment: datetime) -> float:
    """Never negative: a clock that was set back has a part of its own."""
    return max(0.0, round((timezone.now() - moment).total_seconds(), 1))


def oldest_due(state: MailServerState, server: MailServerSettings) -> Part:
    """While the mail server is held, or somebody paused all mail, waiting is what the mails should do."""
    now = timezone.now()
    oldest = Message.due(now).first()
    seconds = seconds_since(oldest.next_attempt_at) if oldest else 0.0
    figures = {"oldest_due_seconds": seconds}
    if Restoration.load().is_pending:
        return Part("queue", False, RESTORED, {**figures, "restored": True}, said=RESTORED_ADVICE)
    if state.is_held or state.is_paused(now) or not server.is_set_up:
        return Part("queue", True, "waiting for the mail server", figures)
    if Safety.load().paused:
        return Part("queue", True, "paused under Reports > Safety", figures, waits=True)
    if seconds > OLDEST_DUE_SECONDS:
        return Part("queue", False, "the oldest mail waits too long", figures)
    return Part("queue", True, "flowing", figures)


def mail_server(state: MailServerState, server: MailServerSettings) -> Part:
    if not server.is_set_up:
        return Part("mail_server", False, "not set up", {"state": "not_set_up"})
    if state.is_held:
        figures = {"state": "held", "reason": state.held_reason, "since": state.held_since}
        reason = f"held: {state.get_held_reason_display()}"
        return Part("mail_server", False, reason, figures, said=state.held_text)
    if state.paused_since:
        figures = {"state": "paused", "since": state.paused_since}
        ok = timezone.now() - state.paused_since <= LONGEST_PAUSE
        return Part(
            "mail_server", ok, "waiting until it can be tried again", figures, said=state.paused_text, waits=True
        )
    return Part("mail_server", True, "ok", {"state": "ok"})


def clock_part(state: MailServerState) -> Part:
    """Behind what was recorded it is wrong, or was; a jump forward is only worth knowing."""
    ahead, jump = clock.ahead(state), clock.last_jump(state)
    figures = {"behind_seconds": round(ahead.total_seconds()), "jump_seconds": state.clock_jump_seconds if jump else 0}
    if ahead:
        behind = f"{in_words(ahead.total_seconds())} behind the newest record: this clock or another machine's is wrong"
        return Part("clock", False, f"{behind}; {jump}" if jump else behind, figures)
    return Part("clock", True, jump or "steady", figures)
