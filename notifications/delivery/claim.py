"""Taking an email for one attempt: the only door between the queue and the wire."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from notifications.delivery.pacing import connections_allowed, has_free_minute
from notifications.delivery.probes import next_probe
from notifications.delivery.restore_check import check_once
from notifications.delivery.transport import with_draft
from notifications.models import (
    Attempt,
    MailServerSettings,
    MailServerState,
    Message,
    OpenConnection,
    Restoration,
    Safety,
)


@dataclass(frozen=True)
class Claim:
    """An email that is ours while its lease is renewed, and the settings, all of one version, to send it with.

    `connection`: the OpenConnection that the sender has or may open; None for a test, which always connects anew.
    """

    attempt: Attempt
    message: Message
    server: MailServerSettings
    connection: int | None = None

    @property
    def is_draft(self) -> bool:
        """A test of values that are not saved shows nothing about the mail server that is active."""
        return bool(self.message.draft_server)


def claim(worker: str, message_id: int | None = None, *, connection: int | None = None) -> Claim | None:
    """The given email, or the one that is due the longest; None when there is none that may go now.

    `connection`: the sender's OpenConnection, if it has one; else one is opened, if the server accepts another.
    """
    check_once()
    due = Message.due(timezone.now())
    # Most calls find nothing, and should not take the database's write lock to learn it.
    if not (due.filter(pk=message_id) if message_id else due).exists():
        return None
    with transaction.atomic():
        # Locked: workers decide one after the other, so that counts and probes are true when they are used.
        state = MailServerState.lock()
        saved = MailServerSettings.load()
        now = timezone.now()
        message = Message.due(now).filter(kind=Message.Kind.TEST).first()
        if message is not None:
            # Tests go immediately, also while the queue is on hold: they are how an administrator finds out.
            return begin(worker, message, saved, None)
        if not may_open(connection, state, saved, now):
            return None
        message = choose(message_id, state, saved, now)
        if message is None:
            return None
        return begin(worker, message, saved, connection or OpenConnection.open(worker).pk)


def begin(worker: str, message: Message, saved: MailServerSettings, connection: int | None) -> Claim | None:
    server = with_draft(saved, message.draft_server)
    version = Attempt.UNSAVED if message.draft_server else saved.version
    attempt = message.begin_attempt(mode=server.active_mode, settings_version=version, worker=worker)
    return Claim(attempt, message, server, connection) if attempt else None


def choose(message_id: int | None, state: MailServerState, saved: MailServerSettings, now: datetime) -> Message | None:
    if not saved.is_set_up or state.is_paused(now) or Safety.load().paused or Restoration.load().is_pending:
        return None
    if not has_free_minute(saved.pace, saved.active_mode, now):
        return None
    if state.is_held:
        return next_probe(state, now)
    due = Message.due(now)
    return (due.filter(pk=message_id) if message_id else due).first()


def may_open(connection: int | None, state: MailServerState, saved: MailServerSettings, now: datetime) -> bool:
    """Whether the sender has a connection, or the provider and the server accept one more."""
    if connection is not None:
        return True
    limits = [connections_allowed(saved.pace, saved.active_mode), state.connections_allowed(now)]
    known = [limit for limit in limits if limit is not None]
    return not known or OpenConnection.live(now).count() < min(known)
