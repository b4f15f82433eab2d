"""What sending taught about the mail server, and whether email may go out now."""

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from notifications.models.fields import ForeignCharField, ForeignTextField
from notifications.models.singleton import Singleton

PROBE_INTERVAL = timedelta(minutes=5)
# Emails that may find out immediately whether a hold concerns them as well.
QUICK_PROBES = 2
# So long after the last refused connection, one more is tried.
CONNECTION_LIMIT_LIFE = timedelta(hours=1)
# The wait of each pause in a row where the server names no time: a restart takes seconds, an outage an afternoon.
PAUSES = tuple(timedelta(seconds=seconds) for seconds in (5, 15, 30, 60, 120, 300))


class HoldReason(models.TextChoices):
    SIGN_IN = "sign_in", "The mail server rejected the sign-in"
    SENDER = "sender", "The mail server rejected the sender"
    RELAY = "relay", "The mail server does not relay email for this sender"
    REJECTED = "rejected", "The mail server rejects every email"
    TLS = "tls", "The connection could not be made secure"
    CONFIGURATION = "configuration", "The mail server's settings do not work"
    SECRET = "secret", "A saved secret cannot be read"
    RECONNECT = "reconnect", "The consent is missing or was withdrawn"


class MailServerState(Singleton):
    """Held: a fault that only a person can fix. Paused: the server cannot be reached, or asked to slow down."""

    held_reason = models.CharField(max_length=20, choices=HoldReason, blank=True)
    held_code = ForeignCharField(max_length=120, blank=True)
    held_stage = models.CharField(max_length=20, blank=True)
    held_text = ForeignTextField(blank=True)
    held_since = models.DateTimeField(null=True)
    next_probe_at = models.DateTimeField(null=True)
    quick_probes = models.PositiveSmallIntegerField(default=0)

    paused_until = models.DateTimeField(null=True)
    paused_since = models.DateTimeField(null=True)
    paused_text = ForeignTextField(blank=True)
    pauses = models.PositiveSmallIntegerField(default=0)

    # The version of the settings with which the server last accepted an email.
    worked_version = models.PositiveIntegerField(null=True)
    # Emails in a row that were rejected whole, none accepted in between.
    rejected_since = models.DateTimeField(null=True)
    rejected_emails = models.PositiveSmallIntegerField(default=0)

    # How many connections the server accepted when it refused one more.
    connection_limit = models.PositiveSmallIntegerField(null=True)
    connection_limit_at = models.DateTimeField(null=True)

    swept_at = models.DateTimeField(null=True)
    clock_jumped_at = models.DateTimeField(null=True)
    clock_jump_seconds = models.FloatField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_mail_server_state")]

    def __str__(self) -> str:
        return self.get_held_reason_display() or self.paused_text or "ok"

    @property
    def is_held(self) -> bool:
        return bool(self.held_reason)

    def is_paused(self, now: datetime) -> bool:
        return self.paused_until is not None and self.paused_until > now

    def hold(self, reason: HoldReason, code: str, text: str, *, stage: str = "", since: datetime | None = None) -> None:
        """Stop sending until an administrator fixes the settings; a probe is due every PROBE_INTERVAL.

        `since`: when the attempt ended that shows it. Later attempts count as probes of this hold.
        """
        now = timezone.now()
        self.held_since = self.held_since or since or now
        self.held_reason, self.held_code, self.held_text, self.held_stage = reason, code[:120], text, stage[:20]
        self.next_probe_at = now + PROBE_INTERVAL
        self.save()

    def take_quick_probe(self) -> bool:
        """Whether an email that differs from those that met the hold may be tried without waiting."""
        if self.quick_probes >= QUICK_PROBES:
            return False
        self.quick_probes += 1
        self.save(update_fields=["quick_probes"])
        return True

    def take_probe(self, now: datetime) -> bool:
        """Whether one email may be tried although held; yes at most once in PROBE_INTERVAL."""
        if self.next_probe_at and now < self.next_probe_at <= now + PROBE_INTERVAL:
            return False
        self.next_probe_at = now + PROBE_INTERVAL
        self.save(update_fields=["next_probe_at"])
        return True

    def try_now(self) -> None:
        """Let an email find out immediately instead of at the time that was set."""
        now = timezone.now()
        self.next_probe_at = now if self.is_held else None
        self.paused_until = now if self.is_paused(now) else self.paused_until
        self.save(update_fields=["next_probe_at", "paused_until"])

    def pause(self, wait: timedelta | None, text: str) -> None:
        """Send nothing for `wait`, or, where the server names no time, for longer with each pause in a row."""
        now = timezone.now()
        self.paused_since = self.paused_since or now
        self.paused_until = now + (wait or PAUSES[min(self.pauses, len(PAUSES) - 1)])
        self.pauses, self.paused_text = min(self.pauses + 1, len(PAUSES)), text
        self.save(update_fields=["paused_since", "paused_until", "paused_text", "pauses"])

    def accept(self, version: int) -> None:
        """Note that the server accepted an email: no hold, pause or row of rejections lasts beyond that."""
        if self.is_held or self.paused_since or self.rejected_since or self.worked_version != version:
            self.worked_version = version
            self.release()

    def reject(self, since: datetime) -> int:
        """Note an email that the server rejected whole, and return how many there were in a row."""
        self.rejected_since = self.rejected_since or since
        self.rejected_emails = min(self.rejected_emails + 1, 1000)
        self.save(update_fields=["rejected_since", "rejected_emails"])
        return self.rejected_emails

    def limit_connections(self, most: int) -> None:
        """Open at most `most` connections from now on: the server refused one more."""
        self.connection_limit, self.connection_limit_at = max(1, most), timezone.now()
        self.save(update_fields=["connection_limit", "connection_limit_at"])

    def connections_allowed(self, now: datetime) -> int | None:
        """How many connections the server accepts at a time as far as is known; one more for each quiet hour."""
        if self.connection_limit is None or self.connection_limit_at is None:
            return None
        return self.connection_limit + max(0, (now - self.connection_limit_at) // CONNECTION_LIMIT_LIFE)

    def release(self) -> None:
        self.held_reason = self.held_code = self.held_text = self.held_stage = self.paused_text = ""
        self.held_since = self.next_probe_at = self.paused_until = self.paused_since = self.rejected_since = None
        self.quick_probes = self.pauses = self.rejected_emails = 0
        self.save()

    def forget(self) -> None:
        """Forget what was learned with the settings before: they were saved anew."""
        self.connection_limit = self.connection_limit_at = None
        self.release()
