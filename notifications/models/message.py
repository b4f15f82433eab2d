"""An email. The rows are the queue."""

import uuid
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from notifications.models.attempt import LEASE, Attempt
from notifications.models.completion import Completion
from notifications.models.fields import SecretField
from notifications.models.mail_server import Mode
from notifications.models.notification import Notification
from notifications.models.recipient import Recipient

# Of the keys in one statement.
BATCH = 500


class Message(models.Model):
    """A mail from the moment it is owed. Only the methods here assign `state`."""

    class Kind(models.TextChoices):
        NOTIFICATION = "notification", "Notification"
        DIGEST = "digest", "Digest"
        TEST = "test", "Test email"
        ALERT = "alert", "Alert"

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENDING = "sending", "Sending"
        SENT = "sent", "Sent"
        PARTLY_SENT = "partly_sent", "Partly sent"
        FAILED = "failed", "Failed"
        EXPIRED = "expired", "Expired"
        CANCELLED = "cancelled", "Cancelled"
        # Sent whole, never answered: a person decides whether it is sent once more.
        UNCONFIRMED = "unconfirmed", "May have arrived"

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
            # Not partial: SQLite proves no condition from a parameter, and would sort the whole queue at each claim.
            models.Index(fields=["state", "next_attempt_at", "id"], name="message_queue"),
            models.Index(fields=["kind", "state", "next_attempt_at", "id"], name="message_queue_by_kind"),
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
    def locked(cls, ids: list[int]) -> list["Message"]:
        """Those that are queued, oldest first, with their recipients; without those that another process locked."""
        free = cls.objects.select_for_update(skip_locked=True).filter(pk__in=ids, state=cls.State.QUEUED)
        return list(free.prefetch_related("recipients").order_by("next_attempt_at", "id"))

    @classmethod
    def make_all_due(cls) -> None:
        """Whatever waits for a retry waits no longer; what waits for its notification's hours still does."""
        now = timezone.now()
        cls.waiting_for_a_retry(now).filter(next_attempt_at__gt=now).update(next_attempt_at=now)

    @classmethod
    def move_retries(cls, by: timedelta, now: datetime) -> None:
        """Move what waits for a time beyond `now`, but not what waits for its notification's hours."""
        waiting = cls.waiting_for_a_retry(now).filter(next_attempt_at__gt=now)
        waiting.update(next_attempt_at=models.F("next_attempt_at") + by)

    @classmethod
    def make_one_due(cls) -> bool:
        """Whether there is a mail to find out with: the next one, which waits for its retry no longer."""
        first = cls.waiting_for_a_retry(timezone.now()).order_by("next_attempt_at", "id").first()
        return first is not None and (first.next_attempt_at <= timezone.now() or first.retry_now())

    @classmethod
    def waiting_for_a_retry(cls, now: datetime) -> models.QuerySet["Message"]:
        """Queued, and not for its notification's hours."""
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

    @classmethod
    def begin_attempts(
        cls, messages: list["Message"], *, mode: Mode | str, settings_version: int, worker: str
    ) -> list["Attempt"]:
        """Claim emails that are `locked`, for one attempt each."""
        ids = [message.pk for message in messages]
        cls.objects.filter(pk__in=ids).update(state=cls.State.SENDING, attempt_count=models.F("attempt_count") + 1)
        lease_expires_at = timezone.now() + LEASE
        attempts = []
        for message in messages:
            message.state, message.attempt_count = cls.State.SENDING, message.attempt_count + 1
            attempts.append(
                Attempt(
                    message=message,
                    number=message.attempt_count,
                    mode=mode,
                    settings_version=settings_version,
                    worker=worker[:100],
                    lease_expires_at=lease_expires_at,
                )
            )
        return Attempt.objects.bulk_create(attempts)

    @classmethod
    @transaction.atomic
    def take_back_unbegun(cls, attempts: list[int]) -> int:
        """Queue the emails of attempts that never began, as if they had not been claimed; return how many."""
        unbegun = Attempt.objects.select_for_update().filter(pk__in=attempts, finished_at=None)
        ids = list(unbegun.values_list("message_id", flat=True))
        Attempt.objects.filter(pk__in=attempts, finished_at=None).delete()
        return cls.objects.filter(pk__in=ids, state=cls.State.SENDING).update(
            state=cls.State.QUEUED, attempt_count=models.F("attempt_count") - 1
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

    def leave_unconfirmed(self) -> None:
        """Stop trying: the server got the whole email and did not answer. A person decides what is next."""
        self.recipients.filter(outcome__in=Recipient.OPEN).update(
            outcome=Recipient.Outcome.AMBIGUOUS, changed_at=timezone.now()
        )
        self._finish(self.State.UNCONFIRMED)

    @transaction.atomic
    def send_again(self) -> bool:
        """Queue an unconfirmed email once more, with the same Message-ID; False when its state is another one."""
        moved = self._move(self.State.UNCONFIRMED, self.State.QUEUED, next_attempt_at=timezone.now(), finished_at=None)
        if moved:
            self._set_ambiguous(Recipient.Outcome.PENDING)
        return moved

    @transaction.atomic
    def mark_as_sent(self) -> bool:
        """Take an unconfirmed email for accepted; False when its state is another one."""
        moved = self._move(self.State.UNCONFIRMED, self.State.SENT)
        if moved:
            self._set_ambiguous(Recipient.Outcome.ACCEPTED)
            self.settle()
        return moved

    @classmethod
    def restore_rejected(cls, since: datetime) -> int:
        """Queue the emails again that were rejected whole since then: it turned out that all emails are."""
        rejected = Attempt.objects.filter(
            message=models.OuterRef("pk"), outcome=Attempt.Outcome.REFUSED, started_at__gte=since
        )
        accepted = Recipient.objects.filter(message=models.OuterRef("pk"), outcome=Recipient.Outcome.ACCEPTED)
        messages = cls.objects.filter(
            models.Exists(rejected),
            ~models.Exists(accepted),
            state=cls.State.FAILED,
            finished_at__gte=since,
            resends=None,
        ).exclude(kind=cls.Kind.TEST)
        ids = list(messages.values_list("pk", flat=True))
        refused = Recipient.objects.filter(message__in=ids, outcome=Recipient.Outcome.REFUSED)
        refused.update(outcome=Recipient.Outcome.DEFERRED, changed_at=timezone.now())
        return cls.objects.filter(pk__in=ids, state=cls.State.FAILED).update(
            state=cls.State.QUEUED, next_attempt_at=timezone.now(), finished_at=None
        )

    def cancel(self) -> bool:
        """Whether the mail was still waiting and is now cancelled."""
        return bool(
            Message.objects.filter(pk=self.pk, state=self.State.QUEUED).update(
                state=self.State.CANCELLED, finished_at=timezone.now(), draft_server=None
            )
        )

    @classmethod
    def cancel_all(cls, ids: list[int]) -> int:
        """Cancel those that still wait, and return how many did."""
        total = 0
        for start in range(0, len(ids), BATCH):
            queued = cls.objects.filter(pk__in=ids[start : start + BATCH], state=cls.State.QUEUED)
            total += queued.update(state=cls.State.CANCELLED, finished_at=timezone.now(), draft_server=None)
        return total

    def retry_now(self) -> bool:
        """Whether it is still queued; its notification's hours no longer keep it."""
        now, queued = timezone.now(), Message.objects.filter(pk=self.pk, state=self.State.QUEUED)
        # Not emptied: how long the sending took is counted from here.
        queued.filter(not_before__gt=now).update(not_before=now)
        return bool(queued.update(next_attempt_at=now))

    def _move(self, old: State, new: State, **columns: Any) -> bool:
        """Change the state unless another process was faster."""
        moved = bool(Message.objects.filter(pk=self.pk, state=old).update(state=new, **columns))
        if moved:
            self.refresh_from_db()
        return moved

    def _set_ambiguous(self, outcome: Recipient.Outcome) -> None:
        ambiguous = self.recipients.filter(outcome=Recipient.Outcome.AMBIGUOUS)
        ambiguous.update(outcome=outcome, changed_at=timezone.now())

    def _accepted(self) -> int:
        return self.recipients.filter(outcome=Recipient.Outcome.ACCEPTED).count()

    def _finish(self, state: State) -> None:
        self._become(state, finished_at=timezone.now(), draft_server=None)

    def _become(self, state: State, **columns: Any) -> None:
        self.state = state
        for name, value in columns.items():
            setattr(self, name, value)
        self.save(update_fields=["state", *columns])
