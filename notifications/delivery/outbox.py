"""Mails become rows here; the broker is only told that there is something to do."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from notifications.delivery.hints import hint
from notifications.emails.mail import Mail
from notifications.emails.recipients import recipients_of
from notifications.emails.resend import resent_mail
from notifications.models import Message, Recipient


@transaction.atomic
def put(mail: Mail, kind: Message.Kind | str, **about: Any) -> Message:
    """Store `mail` as a queued Message (`about`: further columns of it) and, once committed, wake a worker.

    Belongs into the transaction that makes the mail owed. By itself it is one, too: a worker that saw the mail without
    its recipients would send it to nobody, and call it sent. One that has none fails here: it must not vanish, nor
    wait for ever.
    """
    message = Message.objects.create(
        kind=kind,
        subject=mail.subject,
        internet_message_id=mail.internet_message_id,
        content=mail.content,
        **about,
    )
    Recipient.objects.bulk_create(
        [Recipient(message=message, address=address, field=field) for address, field in mail.recipients], batch_size=500
    )
    if not mail.recipients:
        message.fail()
    transaction.on_commit(hint)
    return message


@transaction.atomic
def resend(message: Message, by: Any = None) -> Message:
    """The same mail once more, as a mail of its own: to those who did not get it, or to all if all did.

    If there was nobody, to whom its notification names by now.

    A new Message-ID, because servers drop a second mail of the same one as a duplicate.
    """
    missed = message.recipients.exclude(outcome=Recipient.Outcome.ACCEPTED)
    chosen = missed if missed.exists() else message.recipients.all()
    # What was queued before case was ignored may name one mailbox twice.
    first: dict[str, Recipient] = {}
    for recipient in chosen:
        first.setdefault(recipient.address.casefold(), recipient)
    recipients = [(recipient.address, Recipient.Field(recipient.field)) for recipient in first.values()]
    if not recipients and message.notification:
        recipients = [*recipients_of(message.notification)[0].rows()]
    return put(
        resent_mail(message, recipients, timezone.now()),
        message.kind,
        completion=message.completion,
        notification=message.notification,
        resend_of=message,
        requested_by=by,
    )


def start_afresh() -> None:
    """Something changed for every mail: what was deferred under the old values is tried under the new ones at once."""
    Message.make_all_due()
    wake()


def wake() -> None:
    """Something may go now that could not before."""
    transaction.on_commit(hint)
