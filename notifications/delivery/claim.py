"""Taking emails for one attempt each: the only door between the queue and the wire."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Length
from django.utils import timezone

from notifications.delivery.pacing import connections_allowed, left_this_minute
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

# What a claim loads at most: a worker's memory must not depend on how large the emails are. One email may be larger.
LARGEST_LOAD = 8_000_000


@dataclass(frozen=True)
class Claim:
    """An email that is ours while its lease is renewed, and the settings, all of one version, to send it with.

    `connection`: the OpenConnection that the sender has or may open; None for a test, which always connects anew.
    """

    attempt: Attempt
    message: Message
    server: MailServerSettings
    safety: Safety
    connection: int | None = None

    @property
    def is_draft(self) -> bool:
        """A test of values that are not saved shows nothing about the mail server that is active."""
        return bool(self.message.draft_server)


def claim_batch(worker: str, most: int, *, first: int | None = None, connection: int | None = None) -> list[Claim]:
    """Up to `most` emails, those that are due the longest or `first` alone; empty when none may go now.

    `connection`: the sender's OpenConnection, if it has one; else one is opened, if the server accepts another.
    """
    check_once()
    # Most calls find nothing, and should not take the database's write lock to learn it.
    if not is_any_due(timezone.now()):
        return []
    with transaction.atomic():
        # Locked: workers decide one after the other, so that counts and probes are true when they are used.
        state = MailServerState.lock()
        saved, safety, now = MailServerSettings.load(), Safety.load(), timezone.now()
        test = next_due(now, kind=Message.Kind.TEST)
        if test:
            # Tests go immediately, also while the queue is on hold: they are how an administrator finds out.
            return begin(worker, test, saved, safety, None)
        if not may_open(connection, state, saved, now):
            return []
        messages = choose(most, first, state, saved, safety, now)
        if not messages:
            return []
        return begin(worker, messages, saved, safety, connection or OpenConnection.open(worker).pk)


def begin(
    worker: str, messages: list[Message], saved: MailServerSettings, safety: Safety, connection: int | None
) -> list[Claim]:
    """Claims of emails that are locked. A draft is one email's, so that it never comes with others."""
    draft = messages[0].draft_server
    server = with_draft(saved, draft)
    version = Attempt.UNSAVED if draft else saved.version
    attempts = Message.begin_attempts(messages, mode=server.active_mode, settings_version=version, worker=worker)
    return [Claim(attempt, attempt.message, server, safety, connection) for attempt in attempts]


def choose(
    most: int, first: int | None, state: MailServerState, saved: MailServerSettings, safety: Safety, now: datetime
) -> list[Message]:
    if not saved.is_set_up or state.is_paused(now) or safety.paused or Restoration.load().is_pending:
        return []
    left = left_this_minute(saved.pace, saved.active_mode, now)
    if left is not None:
        most = min(most, left)
    if most < 1:
        return []
    if state.is_held:
        probe = next_probe(state, now)
        return Message.locked([probe.pk]) if probe else []
    if first is not None and Message.due(now).filter(pk=first).exists():
        return Message.locked([first])
    return next_due(now, most)


def may_open(connection: int | None, state: MailServerState, saved: MailServerSettings, now: datetime) -> bool:
    """Whether the sender may keep its connection or, without one, open another: so many does the server accept.

    With other settings it may accept fewer than are open: the oldest stay.
    """
    limits = [connections_allowed(saved.pace, saved.active_mode), state.connections_allowed(now)]
    known = [limit for limit in limits if limit is not None]
    if not known:
        return True
    live = OpenConnection.live(now)
    others = live if connection is None else live.filter(pk__lt=connection)
    return others.count() < min(known)


def is_any_due(now: datetime) -> bool:
    # Not exists(): the planners then read the index from its beginning, whatever they know about the table.
    return Message.due(now).values_list("pk", flat=True).first() is not None


def next_due(now: datetime, most: int = 1, *, kind: Message.Kind | None = None) -> list[Message]:
    """Up to `most` emails that are due the longest and LARGEST_LOAD bytes, locked until the transaction ends."""
    due = Message.due(now).filter(kind=kind) if kind else Message.due(now)
    ids: list[int] = []
    load = 0
    for pk, size in due.annotate(size=Length("content")).values_list("pk", "size")[:most]:
        load += size
        if ids and load > LARGEST_LOAD:
            break
        ids.append(pk)
    return Message.locked(ids) if ids else []
