"""One mail for what was collected until now."""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, transaction
from django.utils import timezone

from notifications.delivery import outbox
from notifications.digests.makeshift import makeshift_digest
from notifications.emails.digest_email import digest_mail
from notifications.emails.mail import Mail
from notifications.matching.hours import opens_at
from notifications.models import AuditEvent, Completion, DigestEntry, Message, Notification

logger = logging.getLogger(__name__)

# A completion that came just before the end may still be on its way into the database; it belongs into the same mail.
GRACE = timedelta(seconds=5)
BATCH = 500


def tell_what_is_due() -> int:
    """A mail for each notification, reason and window whose time has come; how many mails that were."""
    due = DigestEntry.objects.filter(told_at=None, due_at__lte=timezone.now() - GRACE)
    windows = due.order_by("due_at").values_list("notification_id", "reason", "due_at").distinct()
    return sum(tell(notification_id, DigestEntry.Reason(reason), end) for notification_id, reason, end in list(windows))


@transaction.atomic
def flush(notification: Notification) -> int:
    """Tell at once of everything that waits: nobody would do it later."""
    now = timezone.now()
    waiting = DigestEntry.objects.filter(notification=notification, told_at=None)
    waiting.update(due_at=now)
    return sum(tell(notification.pk, reason, now) for reason in DigestEntry.Reason)


@transaction.atomic
def retire(notification: Notification, by: Any = None) -> int:
    """Delete it; its entries go with it, so what they owe is told first. How many mails that made."""
    told = flush(notification)
    name = notification.name
    notification.delete()
    if told:
        AuditEvent.record(AuditEvent.Action.DIGEST_FLUSHED, name, by=by)
    AuditEvent.record(AuditEvent.Action.NOTIFICATION_DELETED, name, by=by)
    return told


@transaction.atomic
def tell(notification_id: int, reason: DigestEntry.Reason, end: datetime) -> bool:
    """Whether there was still something to tell."""
    # Locked, so that no second worker tells of the same, and no completion joins the window meanwhile.
    notification = Notification.objects.select_for_update().filter(pk=notification_id).first()
    window = DigestEntry.objects.filter(notification_id=notification_id, reason=reason, due_at=end, told_at=None)
    entries = list(window.select_related("completion").order_by("completion_id"))
    if notification is None or not entries:
        return False
    now = timezone.now()
    mail = compose(notification, [entry.completion for entry in entries], reason, end, now)
    message = put(notification, mail, now)
    mark(entries, told_at=now, message=message)
    logger.info("notification %s: a mail about %s completions until %s", notification_id, len(entries), end)
    return True


def compose(
    notification: Notification, completions: list[Completion], reason: DigestEntry.Reason, end: datetime, now: datetime
) -> Mail:
    try:
        return digest_mail(notification, completions, reason, (completions[0].received_at, end), now)
    except DatabaseError:
        raise
    except Exception as error:  # whatever breaks a mail's looks, the mail itself must go out
        logger.exception("a digest of notification %s could not be written as designed", notification.pk)
        return makeshift_digest(notification, completions, error, now)


def put(notification: Notification, mail: Mail, now: datetime) -> Message:
    opening = opens_at(notification, now)
    return outbox.put(
        mail,
        Message.Kind.DIGEST,
        notification=notification,
        not_before=opening,
        next_attempt_at=opening or now,
    )


def mark(entries: list[DigestEntry], **columns: Any) -> None:
    """Exactly those that the mail tells of."""
    keys = [entry.pk for entry in entries]
    for start in range(0, len(keys), BATCH):
        DigestEntry.objects.filter(pk__in=keys[start : start + BATCH]).update(**columns)
