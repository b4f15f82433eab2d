"""Mails become rows here; the broker is only told that there is something to do."""

from typing import Any

from django.db import transaction

from notifications import tasks
from notifications.delivery.hints import publish
from notifications.emails.mail import Mail
from notifications.models import Message, Recipient


def put(mail: Mail, kind: Message.Kind, **about: Any) -> Message:
    """Store `mail` as a queued Message (`about`: further columns of it) and, once committed, wake a worker.

    Belongs into the transaction that makes the mail owed.
    """
    message = Message.objects.create(
        kind=kind, subject=mail.subject, internet_message_id=mail.internet_message_id, content=mail.content, **about
    )
    Recipient.objects.bulk_create(
        [Recipient(message=message, address=address, field=field) for address, field in mail.recipients], batch_size=500
    )
    transaction.on_commit(lambda: publish(tasks.deliver, message.pk))
    return message
