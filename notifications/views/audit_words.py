"""Events in words: fields as their forms call them, and mails as links."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from notifications.forms.api_token import TokenLimitsForm
from notifications.forms.graph import GraphForm
from notifications.forms.mail_server import MailServerForm
from notifications.forms.notification import NotificationForm
from notifications.forms.oauth2 import OAuth2Form
from notifications.forms.safety import SafetyForm
from notifications.models import AuditEvent, Message, Mode

Action = AuditEvent.Action
OF_NOTIFICATIONS = (Action.NOTIFICATION_CHANGED, Action.TEMPLATE_RESET)


OF_MAILS = (Action.MAIL_RESENT, Action.MAIL_CANCELLED, Action.MAIL_RETRIED)


@dataclass(frozen=True)
class Words:
    """Of an event about one mail: its id, and whether it is still there."""

    about: str
    fields: list[str]
    mail: UUID | None = None
    is_there: bool = False


def told(events: list[AuditEvent]) -> list[tuple[AuditEvent, Words]]:
    mails = {event.pk: mail for event in events if (mail := mail_of(event))}
    there = set(Message.objects.filter(uuid__in=mails.values()).values_list("uuid", flat=True))
    return [(event, words(event, mails.get(event.pk), there)) for event in events]


def words(event: AuditEvent, mail: UUID | None, there: set[UUID]) -> Words:
    about = event.subject.partition(" ")[2] if mail else event.subject
    return Words(about or event.subject, fields_in_words(event), mail, mail in there)


def mail_of(event: AuditEvent) -> UUID | None:
    """A subject begins with it."""
    if event.action not in OF_MAILS:
        return None
    try:
        return UUID(event.subject.partition(" ")[0])
    except ValueError:
        return None


def fields_in_words(event: AuditEvent) -> list[str]:
    """A name that no form knows (any more) stands for itself."""
    known = labels(event.action)
    parts = (field.partition(": ") for field in event.fields)
    return [f"{known.get(name, name)}{colon}{state}" for name, colon, state in parts]


@cache
def labels(action: str) -> dict[str, str]:
    if action == Action.MAIL_SERVER_SAVED:
        return dict(mail_server_labels())
    if action == Action.SAFETY_CHANGED:
        return {name: str(field.label or name) for name, field in SafetyForm.base_fields.items()}
    if action in (Action.TOKEN_MADE, Action.TOKEN_CHANGED):
        return {name: str(field.label or name) for name, field in TokenLimitsForm.base_fields.items()}
    if action in OF_NOTIFICATIONS:
        return {name: str(field.label or name) for name, field in NotificationForm.base_fields.items()}
    return {}


def mail_server_labels() -> Iterator[tuple[str, str]]:
    """By column: that of the mode `basic` and the field `host` is basic_host."""
    yield "active_mode", "Active mode"
    server = MailServerForm.base_fields["server"].label
    yield "basic_host", f"{Mode.BASIC.label}: {server}"
    yield "basic_port", f"{Mode.BASIC.label}: Port"
    for form in (MailServerForm, OAuth2Form, GraphForm):
        for name, field in form.base_fields.items():
            yield f"{form.mode}_{name}", f"{Mode(form.mode).label}: {field.label or name}"
        yield f"{form.mode}_secret_hosts", f"{Mode(form.mode).label}: Hosts in MAILADMIN_PROVIDERS_FILE"
