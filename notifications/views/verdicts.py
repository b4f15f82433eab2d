"""What each notification makes of a completion, by its rules as they are now, and what it made of it then."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from notifications.digests.schedule import due_at
from notifications.matching import Facts, objection_to, opens_at
from notifications.models import Completion, DigestEntry, Message, Notification

# What makes a row large, and no condition asks for.
BULKY = ("to", "cc", "bcc", "reply_to", "subject_template", "text_template", "html_template", "template_error")


@dataclass(frozen=True)
class Verdict:
    """`objection` is the first condition that says no. `mail` and `entry` are what there is of it already."""

    notification: Notification
    objection: str
    received_at: datetime
    mail: Message | None = None
    entry: DigestEntry | None = None

    @property
    def fires(self) -> bool:
        return not self.objection

    @property
    def was_told(self) -> bool:
        return bool(self.mail or self.entry)

    @property
    def digest_due(self) -> datetime | None:
        return due_at(self.notification, self.received_at) if self.notification.digest else None

    @property
    def opening(self) -> datetime | None:
        """When its mail goes if it must wait: for its hours, and a digest's from when it is due."""
        return opens_at(self.notification, self.digest_due or self.received_at)


def verdicts(completion: Completion) -> list[Verdict]:
    """Of all notifications: those that told of it or would, then the others; by name."""
    facts, mails, entries = Facts(completion), mails_of(completion), entries_of(completion)
    found = [
        Verdict(
            notification,
            objection_to(notification, facts),
            facts.at,
            mails.get(notification.pk),
            entries.get(notification.pk),
        )
        for notification in Notification.objects.order_by("name").defer(*BULKY)
    ]
    return sorted(found, key=lambda verdict: not (verdict.was_told or verdict.fires))


def mails_of(completion: Completion) -> dict[int | None, Message]:
    """Their own mails, by notification."""
    mails = completion.messages.filter(kind=Message.Kind.NOTIFICATION, resend_of=None)
    return {mail.notification_id: mail for mail in mails.defer("content", "draft_server")}


def entries_of(completion: Completion) -> dict[int, DigestEntry]:
    """Their places in digests, by notification; each knows its mail's address."""
    entries = completion.digest_entries.select_related("notification").annotate(mail_uuid=F("message__uuid"))
    return {entry.notification_id: entry for entry in entries.order_by("notification__name")}
