"""Is mail alive? The answer for /readyz and for the page."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import DatabaseError
from django.utils import timezone

from notifications.delivery.hints import broker_error
from notifications.models import MailServerSettings, MailServerState, Message, Safety

# A sweep runs every 10 s; ten missed ones mean that no worker, or no beat, is there.
SWEEP_SILENCE = timedelta(seconds=100)
# A restart of the mail server is no news; one that stays away is.
LONGEST_PAUSE = timedelta(minutes=2)
# A mail that is due is tried within 75 s even after a crash.
OLDEST_DUE_SECONDS = 150.0


@dataclass(frozen=True)
class Part:
    """One thing that must work; `text` says in words what was found.

    `waits`: nothing is broken that a monitor should tell of, and yet no mail goes just now.
    """

    name: str
    ok: bool
    text: str
    figures: dict[str, Any]
    # What the mail server said: it may name accounts and tenants, and is for people who signed in.
    said: str = ""
    waits: bool = False

    @property
    def in_full(self) -> str:
        return f"{self.text}: {self.said}" if self.said else self.text


def examine() -> list[Part]:
    """Every part, the database first: without it nothing else can be asked."""
    try:
        state, server = MailServerState.load(), MailServerSettings.load()
        return [
            Part("database", True, "answers", {}),
            broker(),
            worker(state),
            oldest_due(state, server),
            mail_server(state, server),
        ]
    except DatabaseError as error:
        return [Part("database", False, f"does not answer ({type(error).__name__})", {})]


def broker() -> Part:
    """Reached by the same way, and with the same patience, as a hint."""
    error = broker_error()
    if error:
        return Part("broker", False, f"not reachable ({error}); mail waits in the database", {})
    return Part("broker", True, "reachable", {})


def worker(state: MailServerState) -> Part:
    if state.swept_at is None:
        return Part("worker", False, "no worker was ever seen", {"seen_seconds_ago": None})
    age = timezone.now() - state.swept_at
    figures = {"seen_seconds_ago": round(age.total_seconds(), 1)}
    if age > SWEEP_SILENCE:
        return Part("worker", False, "no worker has looked for mail; are worker and beat running?", figures)
    return Part("worker", True, "looking for mail", figures)


def oldest_due(state: MailServerState, server: MailServerSettings) -> Part:
    """While the mail server is held, or somebody paused all mail, waiting is what the mails should do."""
    now = timezone.now()
    oldest = Message.due(now).first()
    seconds = round((now - oldest.next_attempt_at).total_seconds(), 1) if oldest else 0.0
    figures = {"oldest_due_seconds": seconds}
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
