"""Taking a mail for one try: the only door between the queue and the wire."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from notifications.delivery.pacing import admits
from notifications.delivery.transport import with_draft
from notifications.models import Attempt, MailServerSettings, MailServerState, Message, Safety

# The lease outlives the send's own deadline by this much, so that the two never run into each other.
LEASE_MARGIN = timedelta(seconds=15)


@dataclass(frozen=True)
class Claim:
    """A mail that is ours until the lease ends, and the values, all of one version, to send it with."""

    attempt: Attempt
    message: Message
    server: MailServerSettings
    # A test of values that are not saved says nothing about the mail server in force.
    is_draft: bool


def claim(worker: str, message_id: int | None = None) -> Claim | None:
    """The given mail, or the one that is due the longest; None when there is none that may go now."""
    due = Message.due(timezone.now())
    # Most calls find nothing, and should not take the database's write lock to learn it.
    if not (due.filter(pk=message_id) if message_id else due).exists():
        return None
    with transaction.atomic():
        # Locked: workers decide one after the other, so that counts and probes are true when they are used.
        state = MailServerState.lock()
        saved = MailServerSettings.load()
        now = timezone.now()
        message = choose(message_id, state, saved, now)
        if message is None:
            return None
        server = with_draft(saved, message.draft_server)
        attempt = message.begin_attempt(
            mode=server.active_mode,
            settings_version=Attempt.UNSAVED if message.draft_server else saved.version,
            worker=worker,
            lease=server.total_timeout + LEASE_MARGIN,
        )
        return Claim(attempt, message, server, bool(message.draft_server)) if attempt else None


def choose(message_id: int | None, state: MailServerState, saved: MailServerSettings, now: datetime) -> Message | None:
    """Tests go at once, also while the mail server is held: they are how one finds out."""
    due = Message.due(now)
    if message_id:
        due = due.filter(pk=message_id)
    message = due.filter(kind=Message.Kind.TEST).first()
    if message is not None:
        return message
    message = due.first()
    return message if message and not Safety.load().paused and may_go(state, saved, now) else None


def may_go(state: MailServerState, saved: MailServerSettings, now: datetime) -> bool:
    if not saved.is_set_up or state.is_paused(now) or not admits(saved.pace, saved.active_mode, now):
        return False
    return not state.is_held or state.take_probe(now)
