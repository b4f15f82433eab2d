"""What each notification makes of a completion, by its rules as they are now, and what it made of it then."""

from dataclasses import dataclass

from django.db.models import F

from notifications.models import Completion, DigestEntry, Message
from notifications.simulator import Verdict, verdicts_on


@dataclass(frozen=True)
class Judged:
    """`mail` and `entry` are what the notification did when the completion came in."""

    verdict: Verdict
    mail: Message | None
    entry: DigestEntry | None

    @property
    def told(self) -> bool:
        return bool(self.mail or self.entry)

    @property
    def is_news(self) -> bool:
        """Whether it says more than the mail does that the notification made."""
        return not self.told or bool(self.verdict.objection)


def judged(completion: Completion) -> list[Judged]:
    """By all notifications: those that told of it or would, then the others; by name."""
    mails, entries = mails_of(completion), entries_of(completion)
    found = [
        Judged(verdict, mails.get(verdict.notification.pk), entries.get(verdict.notification.pk))
        for verdict in verdicts_on(completion)
    ]
    return sorted(found, key=lambda each: not (each.told or each.verdict.fires))


def mails_of(completion: Completion) -> dict[int | None, Message]:
    """Their own mails, by notification."""
    mails = completion.messages.filter(kind=Message.Kind.NOTIFICATION, resend_of=None)
    return {mail.notification_id: mail for mail in mails.defer("content", "draft_server")}


def entries_of(completion: Completion) -> dict[int, DigestEntry]:
    """Their places in mails of many, by notification; each knows its mail's address."""
    known = completion.digest_entries.exclude(notification=None).select_related("notification")
    entries = known.annotate(mail_uuid=F("message__uuid"))
    return {entry.notification_id: entry for entry in entries.order_by("notification__name") if entry.notification_id}
