"""Who changed what, and who tried: written once, never changed, and each event sealed to the one before it."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC
from typing import Any, NoReturn

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.utils import timezone

from notifications import origin
from notifications.models.singleton import Singleton

MOST_FIELDS = 100
NOBODY = "nobody signed in"
_waiting: ContextVar[list["AuditEvent"] | None] = ContextVar("waiting_events", default=None)


class AppendOnly(models.QuerySet["AuditEvent"]):
    """Refuses what would change the record. `_base_manager` still may: a deleted account empties `actor`."""

    def update(self, **_: Any) -> NoReturn:
        raise TypeError("an audit event is never changed")

    def delete(self) -> NoReturn:
        raise TypeError("an audit event is never deleted")

    def bulk_create(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("audit events are sealed one after the other")

    def bulk_update(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("an audit event is never changed")


class AuditEvent(models.Model):
    """Names of changed fields, never their values: some of them are secrets. A switch says whether it is on."""

    class Action(models.TextChoices):
        MAIL_SERVER_SAVED = "mail_server_saved", "Mail server saved"
        CONSENT_GIVEN = "consent_given", "OAuth2 connected"
        CONSENT_REFUSED = "consent_refused", "OAuth2 sign-in refused"
        CONSENT_FORGOTTEN = "consent_forgotten", "OAuth2 disconnected"
        SAFETY_CHANGED = "safety_changed", "Safety changed"
        TOKEN_MADE = "token_made", "API token made"
        TOKEN_CHANGED = "token_changed", "API token changed"
        TOKEN_REVOKED = "token_revoked", "API token revoked"
        NOTIFICATION_ADDED = "notification_added", "Notification added"
        NOTIFICATION_CHANGED = "notification_changed", "Notification changed"
        NOTIFICATION_ENABLED = "notification_enabled", "Notification enabled"
        NOTIFICATION_DISABLED = "notification_disabled", "Notification disabled"
        NOTIFICATION_DELETED = "notification_deleted", "Notification deleted"
        TEMPLATE_RESET = "template_reset", "Default template restored"
        DIGEST_FLUSHED = "digest_flushed", "Digest sent before its time"
        CONFIGURATION_LOADED = "configuration_loaded", "Configuration file loaded"
        KEYS_ROTATED = "keys_rotated", "Secrets encrypted with a new key"
        COMPLETION_REPORTED = "completion_reported", "Completion reported by hand"
        TEST_SENT = "test_sent", "Test email sent"
        PROBE = "probe", "Held mail tried"
        MAIL_RESENT = "mail_resent", "Mail resent"
        MAIL_CANCELLED = "mail_cancelled", "Mail cancelled"
        MAIL_RETRIED = "mail_retried", "Mail tried at once"
        MAIL_SENT_AGAIN = "mail_sent_again", "Unconfirmed email sent again"
        MAIL_CONFIRMED = "mail_confirmed", "Unconfirmed email marked as sent"
        MAILS_RESENT = "mails_resent", "Many mails resent"
        MAILS_CANCELLED = "mails_cancelled", "Many mails cancelled"
        BULK_STOPPED = "bulk_stopped", "Work on many mails stopped"
        BACKUP_CREATED = "backup_created", "Backup created"
        RESTORE_NOTICED = "restore_noticed", "Restored database noticed"
        RESTORE_DECIDED = "restore_decided", "Queue released after a restore"
        INBOX_CLEARED = "inbox_cleared", "Inbox emptied"
        LIST_EXPORTED = "list_exported", "List exported"
        SIGNED_IN = "signed_in", "Signed in"
        SIGNED_OUT = "signed_out", "Signed out"
        SIGN_IN_REFUSED = "sign_in_refused", "Sign-in refused"
        SIGN_IN_LOCKED = "sign_in_locked", "Sign-in locked"
        SIGN_IN_UNLOCKED = "sign_in_unlocked", "Sign-in unlocked"
        INVITATION_MADE = "invitation_made", "Invitation made"
        INVITATION_USED = "invitation_used", "Invitation used"
        INVITATION_REVOKED = "invitation_revoked", "Invitation revoked"
        ACCOUNT_MADE = "account_made", "Account made"
        ADDRESS_CHANGED = "address_changed", "Email address changed"
        ROLE_CHANGED = "role_changed", "Role changed"
        PERSON_DEACTIVATED = "person_deactivated", "Account switched off"
        PERSON_ACTIVATED = "person_activated", "Account switched on"
        PASSWORD_CHANGED = "password_changed", "Password changed"
        SESSIONS_ENDED = "sessions_ended", "Sessions ended"

    # Without a gap, unlike a sequence of the database: a missing number is a missing event.
    id = models.PositiveBigIntegerField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    action = models.CharField(max_length=30, choices=Action)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    # Kept beside the account, which may be deleted.
    actor_name = models.CharField(max_length=300, blank=True)
    origin = models.CharField(max_length=100, blank=True)
    subject = models.CharField(max_length=500, blank=True)
    fields = models.JSONField(default=list)
    previous_hash = models.CharField(max_length=64, blank=True)
    hash = models.CharField(max_length=64)

    objects = AppendOnly.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["action", "-id"], name="audit_by_action"),
            models.Index(fields=["at"], name="audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.subject}"

    @classmethod
    def record(cls, action: Action, subject: str = "", *, by: Any = None, fields: Iterable[str] = ()) -> None:
        """`by` is a user, an API token or None; where from is taken from the present request or command.

        Call it last in a transaction: until that ends, everybody else's events wait for this one.
        """
        event = cls(
            action=action,
            actor=by if isinstance(by, User) and by.pk else None,
            actor_name=storable(name_of(by), 300),
            origin=storable(origin.current(), 100),
            subject=storable(subject, 500),
            fields=[storable(field, 300) for field in sorted(set(fields))[:MOST_FIELDS]],
        )
        waiting = _waiting.get()
        if waiting is None:
            event.save()
        else:
            waiting.append(event)

    @classmethod
    @contextmanager
    def in_the_end(cls) -> Iterator[list["AuditEvent"]]:
        """Writes the events of the `with` block when it is left, and none of them if it fails.

        For a long transaction with locks of its own: two that wait for each other's locks would both be lost.
        """
        events: list[AuditEvent] = []
        token = _waiting.set(events)
        try:
            yield events
        finally:
            _waiting.reset(token)
        cls.save_in_order(events)

    @classmethod
    @transaction.atomic
    def save_in_order(cls, events: list["AuditEvent"]) -> None:
        """The same as to save one after the other, in a few statements: everybody else's events wait meanwhile."""
        if not events:
            return
        head = AuditHead.lock()
        for event in events:
            event.follow(head)
        # Their own manager refuses this, since it would leave out the seals.
        cls._base_manager.bulk_create(events, batch_size=100)
        head.save(update_fields=["count", "hash"])

    @property
    def who(self) -> str:
        return self.actor_name or NOBODY

    @property
    def seal(self) -> str:
        """What `hash` must be: nothing in the row, nor in any row before it, can change without changing it."""
        content = {
            "id": self.pk,
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "action": str(self.action),
            "actor_name": self.actor_name,
            "origin": self.origin,
            "subject": self.subject,
            "fields": self.fields,
            "previous_hash": self.previous_hash,
        }
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode()).hexdigest()

    @transaction.atomic
    def save(self, *args: Any, **options: Any) -> None:
        if not self._state.adding:
            raise TypeError("an audit event is never changed")
        head = AuditHead.lock()
        self.follow(head)
        super().save(force_insert=True)
        head.save(update_fields=["count", "hash"])

    def follow(self, head: "AuditHead") -> None:
        """Become the newest event, sealed to the one before it."""
        self.pk, self.previous_hash = head.count + 1, head.hash
        self.hash = self.seal
        head.count, head.hash = self.pk, self.hash

    def delete(self, *args: Any, **options: Any) -> NoReturn:
        raise TypeError("an audit event is never deleted")


class AuditHead(Singleton):
    """The newest event's number and hash: whoever adds one locks this row, and whoever cuts some off is found out."""

    count = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_audit_head")]

    def __str__(self) -> str:
        return f"event {self.count}"


def name_of(by: Any) -> str:
    if by is None or getattr(by, "is_anonymous", False):
        return ""
    return by.get_username() if isinstance(by, User) else f"API token {by}"


def changed_field(name: str, value: Any) -> str:
    """As it stands in an event's `fields`: `paused: off` for a switch, the name alone for anything else."""
    return f"{name}: {'on' if value else 'off'}" if isinstance(value, bool) else name


def storable(text: str, limit: int) -> str:
    """On one line, and as every database gives it back: the hash is made of what is read later."""
    return " ".join(text.encode(errors="replace").decode().replace("\0", " ").split())[:limit].strip()
