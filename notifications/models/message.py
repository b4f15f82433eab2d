"""One mail, its recipients, and every try to send it. The rows are the queue."""

import uuid
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from notifications.models.completion import Completion
from notifications.models.fields import SecretField
from notifications.models.mail_server import Mode
from notifications.models.notification import Notification


class Message(models.Model):
    """A mail from the moment it is owed. Only the methods here assign `state`."""

    class Kind(models.TextChoices):
        NOTIFICATION = "notification", "Notification"
        DIGEST = "digest", "Digest"
        TEST = "test", "Test email"

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        PARTLY_SENT = "partly_sent", "Partly sent"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "Expired"
        CANCELLED = "cancelled", "Cancelled"

    OPEN = (State.QUEUED, State.SENDING)

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=12, choices=Kind)
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    subject = models.CharField(max_length=1000)
    internet_message_id = models.CharField(max_length=300)
    # The mail as bytes, 7-bit and CRLF, without From: that is the active mode's and is put in front at the send.
    content = models.BinaryField()
    completion = models.ForeignKey(Completion, null=True, on_delete=models.CASCADE, related_name="messages")
    notification = models.ForeignKey(Notification, null=True, on_delete=models.SET_NULL, related_name="messages")
    resend_of = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="resends")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    # What a backend wants to find again should a try be cut off: Graph's draft.
    transport_note = models.TextField(blank=True)
    # The unsaved values of a test, as JSON, until the test is over. Else NULL: encrypted nothings would be as many
    # secrets as mails, which a lost key takes along.
    draft_server = SecretField(null=True, default=None)  # type: ignore[misc]  # None is typed as a str
    created_at = models.DateTimeField(default=timezone.now)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    # The notification's hours: nothing sends the mail earlier, but a person.
    not_before = models.DateTimeField(null=True)
    attempt_count = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["completion", "notification"],
                condition=models.Q(resend_of=None),
                name="one_message_per_completion_and_notification",
            )
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=models.Q(state="queued"), name="message_due"),
            models.Index(fields=["state", "-id"], name="message_by_state"),
            models.Index(fields=["kind", "-id"], name="message_by_kind"),
            models.Index(fields=["created_at"], name="message_by_age"),
            # What the list of notifications counts: by the notification alone, it would read every mail of each.
            models.Index(fields=["notification", "created_at"], name="message_by_notification"),
            # All that the figures of a day want to know, so that no mail itself is read for them.
            models.Index(fields=["finished_at", "state", "kind", "created_at", "not_before"], name="message_by_day"),
        ]

    def __str__(self) -> str:
        return self.subject

    @classmethod
    def due(cls, now: datetime) -> models.QuerySet["Message"]:
        """Oldest first."""
        return cls.objects.filter(state=cls.State.QUEUED, next_attempt_at__lte=now).order_by("next_attempt_at", "id")

    @classmethod
    def make_all_due(cls) -> None:
        """Whatever waits for a retry waits no longer; what waits for its notification's hours still does."""
        now = timezone.now()
        cls._waiting_for_a_retry(now).filter(next_attempt_at__gt=now).update(next_attempt_at=now)

    @classmethod
    def make_one_due(cls) -> bool:
        """Whether there is a mail to find out with: the next one, which waits for its retry no longer."""
        first = cls._waiting_for_a_retry(timezone.now()).order_by("next_attempt_at", "id").first()
        return first is not None and (first.next_attempt_at <= timezone.now() or first.retry_now())

    @classmethod
    def _waiting_for_a_retry(cls, now: datetime) -> models.QuerySet["Message"]:
        may_go = models.Q(not_before=None) | models.Q(not_before__lte=now)
        return cls.objects.filter(may_go, state=cls.State.QUEUED)

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def waits_for_hours(self) -> bool:
        return self.state == self.State.QUEUED and self.not_before is not None and self.not_before > timezone.now()

    @cached_property
    def parsed(self) -> EmailMessage:
        return message_from_bytes(bytes(self.content), policy=policy.default)

    def begin_attempt(
        self, *, mode: Mode | str, settings_version: int, worker: str, lease: timedelta
    ) -> "Attempt | None":
        """Claim this mail for one try of at most `lease`; None when somebody else has it, or it is no longer queued."""
        mine = Message.objects.filter(pk=self.pk, state=self.State.QUEUED).update(
            state=self.State.SENDING, attempt_count=models.F("attempt_count") + 1
        )
        if not mine:
            return None
        self.state, self.attempt_count = self.State.SENDING, self.attempt_count + 1
        return self.attempts.create(
            number=self.attempt_count,
            mode=mode,
            settings_version=settings_version,
            worker=worker,
            lease_expires_at=timezone.now() + lease,
        )

    def requeue(self, at: datetime) -> None:
        self._become(self.State.QUEUED, next_attempt_at=at)

    def settle(self) -> None:
        """Take the final state that the recipients' outcomes add up to."""
        accepted, all_of_them = self._accepted(), self.recipients.count()
        if accepted == all_of_them:
            self._finish(self.State.SENT)
        else:
            self._finish(self.State.PARTLY_SENT if accepted else self.State.FAILED)

    def fail(self) -> None:
        self._finish(self.State.PARTLY_SENT if self._accepted() else self.State.FAILED)

    def expire(self) -> None:
        """Give up on the recipients that were deferred for too long."""
        self._finish(self.State.PARTLY_SENT if self._accepted() else self.State.EXPIRED)

    def cancel(self) -> bool:
        """Whether the mail was still waiting and is now cancelled."""
        return bool(
            Message.objects.filter(pk=self.pk, state=self.State.QUEUED).update(
                state=self.State.CANCELLED, finished_at=timezone.now(), draft_server=None
            )
        )

    def retry_now(self) -> bool:
        """Whether it is still queued; its notification's hours no longer keep it."""
        now, queued = timezone.now(), Message.objects.filter(pk=self.pk, state=self.State.QUEUED)
        # Not emptied: how long the sending took is counted from here.
        queued.filter(not_before__gt=now).update(not_before=now)
        return bool(queued.update(next_attempt_at=now))

    def _accepted(self) -> int:
        return self.recipients.filter(outcome=Recipient.Outcome.ACCEPTED).count()

    def _finish(self, state: State) -> None:
        self._become(state, finished_at=timezone.now(), draft_server=None)

    def _become(self, state: State, **columns: Any) -> None:
        self.state = state
        for name, value in columns.items():
            setattr(self, name, value)
        self.save(update_fields=["state", *columns])


class Recipient(models.Model):
    """One address of a mail and what became of it."""

    class Field(models.TextChoices):
        TO = "to", "To"
        CC = "cc", "Cc"
        BCC = "bcc", "Bcc"

    class Outcome(models.TextChoices):
        PENDING = "pending", "Pending"
        ACCEPTED = "accepted", "Accepted"
        DEFERRED = "deferred", "Deferred"
        REFUSED = "refused", "Refused"

    OPEN = (Outcome.PENDING, Outcome.DEFERRED)

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="recipients")
    address = models.CharField(max_length=320)
    field = models.CharField(max_length=3, choices=Field)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.PENDING)
    code = models.CharField(max_length=20, blank=True)
    text = models.TextField(blank=True)
    changed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["message", "address"], name="one_recipient_per_address")]
        indexes = [models.Index(fields=["address"], name="recipient_by_address")]

    def __str__(self) -> str:
        return self.address

    def record(self, outcome: Outcome, code: str, text: str) -> None:
        self.outcome, self.code, self.text, self.changed_at = outcome, code, text, timezone.now()

    @classmethod
    def save_outcomes(cls, recipients: list["Recipient"]) -> None:
        Recipient.objects.bulk_update(recipients, ["outcome", "code", "text", "changed_at"], batch_size=200)


class Attempt(models.Model):
    """One try. While `finished_at` is empty it owns its mail; whoever finishes it first has the say."""

    class Outcome(models.TextChoices):
        ACCEPTED = "accepted", "Accepted"
        PARTIAL = "partial", "Partly accepted"
        DEFERRED = "deferred", "Deferred"
        REFUSED = "refused", "Refused"
        AMBIGUOUS = "ambiguous", "Ambiguous"
        CONFIGURATION = "configuration", "Configuration fault"

    GOOD = (Outcome.ACCEPTED, Outcome.PARTIAL)
    # In place of a version: a test may try what nobody has saved.
    UNSAVED = 0

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    mode = models.CharField(max_length=10, choices=Mode)
    settings_version = models.PositiveIntegerField()
    worker = models.CharField(max_length=100)
    started_at = models.DateTimeField(default=timezone.now, db_index=True)
    lease_expires_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=15, choices=Outcome, blank=True)
    # The reply that decided: SMTP or HTTP code, with the enhanced or Graph code behind it.
    code = models.CharField(max_length=80, blank=True)
    text = models.TextField(blank=True)
    transcript = models.TextField(blank=True)
    # What the provider's support asks for: Graph's request-id and client-request-id.
    reference = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="one_attempt_per_number"),
            models.UniqueConstraint(
                fields=["message"], condition=models.Q(finished_at=None), name="one_active_attempt_per_message"
            ),
        ]
        indexes = [
            models.Index(fields=["lease_expires_at"], condition=models.Q(finished_at=None), name="attempt_active")
        ]

    def __str__(self) -> str:
        return f"attempt {self.number}"

    def keep_note(self, note: str) -> bool:
        """Note something for the mail's next try; False, and nothing noted, when the mail is no longer this try's."""
        with transaction.atomic():
            # Locked: the sweep cannot give the mail to somebody else between the question and the note.
            mine = Attempt.objects.select_for_update().filter(pk=self.pk, finished_at=None).first()
            if mine is not None:
                self.message.transport_note = note
                self.message.save(update_fields=["transport_note"])
        return mine is not None

    def is_active(self) -> bool:
        """Whether this try still owns its email."""
        active = Attempt.objects.filter(pk=self.pk, finished_at=None, lease_expires_at__gt=timezone.now())
        return active.exists()

    def belongs_to(self, version: int) -> None:
        """The unsaved values that were tested are now those of `version`."""
        Attempt.objects.filter(pk=self.pk, settings_version=self.UNSAVED).update(settings_version=version)

    @property
    def seconds(self) -> float | None:
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None

    def finish(
        self, outcome: Outcome, code: str = "", text: str = "", transcript: str = "", reference: str = ""
    ) -> bool:
        """Close this try, and say whether it was still ours to close: a lease that ran out was closed by the sweep."""
        said = {"code": code[:80], "text": text, "transcript": transcript, "reference": reference[:200]}
        columns = {**said, "outcome": outcome, "finished_at": timezone.now()}
        for name, value in columns.items():
            setattr(self, name, value)
        return bool(Attempt.objects.filter(pk=self.pk, finished_at=None).update(**columns))
