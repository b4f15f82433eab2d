"""The cast and the props that many tests share."""

import itertools
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from typing import Any, Protocol

from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from notifications.delivery import outbox
from notifications.delivery.claim import Claim, claim_batch
from notifications.emails.mail import Mail
from notifications.models import (
    Attempt,
    Completion,
    MailServerSettings,
    Message,
    Notification,
    Outcome,
    Recipient,
    TargetResult,
)
from tests.waiting import wait_until as wait_until

PASSWORD = "correct horse battery staple"
SENDER = "Deployments <sender@contoso.test>"
_numbers = itertools.count(1)


# --- people: Ada administers, Olga operates, Vic only looks, Mallory has an account and no business here ---


def person(name: str, email: str | None = None, **rights: bool) -> User:
    address = f"{name}@contoso.test" if email is None else email
    return get_user_model().objects.create_user(name, address, PASSWORD, **rights)


def administrator() -> User:
    return person("ada", is_staff=True, is_superuser=True)


def operator() -> User:
    return person("olga", is_staff=True)


def viewer() -> User:
    return person("vic")


def outsider() -> User:
    return person("mallory", is_active=False)


# --- the mail server ---


class Listens(Protocol):
    host: str
    port: int


def use_smtp(server: Listens | None = None, **columns: Any) -> MailServerSettings:
    """Save `server`'s address (or `host` and `port`) and further columns, named without `basic_`."""
    values = {"security": "none", "sender": SENDER, "connect_timeout": 5, "total_timeout": 10}
    if server:
        values |= {"host": server.host, "port": server.port}
    saved = MailServerSettings.load()
    saved.save_version({f"basic_{name}": value for name, value in (values | columns).items()}, seen=saved.version)
    return saved


# --- what is reported, who is told, and the mails ---


def a_completion(targets: dict[str, str] | None = None, **columns: Any) -> Completion:
    """A failed deployment; `targets` maps names to outcomes."""
    number = next(_numbers)
    now = timezone.now()
    values = {
        "kind": Completion.Kind.DEPLOYMENT,
        "source": "pdq",
        "external_id": str(number),
        "name": f"7-Zip 24.08 to Lab {number}",
        "package": "7-Zip",
        "version": "24.08",
        "outcome": Outcome.FAILED,
        "started_at": now,
        "finished_at": now,
        "digest": str(number),
    }
    completion = Completion.objects.create(**(values | columns))
    for position, (name, outcome) in enumerate((targets or {}).items()):
        TargetResult.objects.create(completion=completion, position=position, name=name, outcome=outcome)
    return completion


def a_notification(**columns: Any) -> Notification:
    """Fires for every deployment and mails to ops@peer.test."""
    values = {"name": f"Tell operations {next(_numbers)}", "to": ["ops@peer.test"]}
    return Notification.objects.create(**(values | columns))


def a_mail(*to: str, cc: tuple[str, ...] = (), bcc: tuple[str, ...] = (), subject: str = "7-Zip failed") -> Mail:
    """A small mail as emails/ would compose it: no From, 7-bit, CRLF."""
    to = to or ("ops@peer.test",)
    content = EmailMessage(policy=SMTP)
    content["To"] = ", ".join(to)
    if cc:
        content["Cc"] = ", ".join(cc)
    content["Subject"] = subject
    content["Message-ID"] = identity = make_msgid(domain="contoso.test")
    content["Date"] = timezone.now()
    content.set_content("It failed on PC-001.\n.\nA dot stood alone on the line above.\n", cte="7bit")
    fields = ((Recipient.Field.TO, to), (Recipient.Field.CC, cc), (Recipient.Field.BCC, bcc))
    recipients = tuple((address, field) for field, addresses in fields for address in addresses)
    return Mail(subject=subject, internet_message_id=identity, recipients=recipients, content=bytes(content))


def a_message(*to: str, kind: Message.Kind = Message.Kind.NOTIFICATION, **about: Any) -> Message:
    """A queued mail in the outbox; call inside or outside a transaction."""
    return outbox.put(a_mail(*to), kind, **about)


def claim(worker: str, message_id: int | None = None, *, connection: int | None = None) -> Claim | None:
    """The given email alone, or the one that is due the longest; None when there is none that may go now."""
    claims = claim_batch(worker, 1, first=message_id, connection=connection)
    return claims[0] if claims else None


@transaction.atomic
def begin_attempt(message: Message, **about: Any) -> Attempt:
    """An attempt of a queued email as its row shows it; `about` as for Message.begin_attempts."""
    (locked,) = Message.locked([message.pk])
    message.attempt_count = locked.attempt_count
    (attempt,) = Message.begin_attempts([message], **about)
    return attempt


def outcomes(message: Message) -> dict[str, str]:
    """What became of each recipient, as stored."""
    return dict(message.recipients.values_list("address", "outcome"))
