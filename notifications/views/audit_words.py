"""The names of changed fields as their forms call them."""

from collections.abc import Iterator
from functools import cache

from notifications.forms.graph import GraphForm
from notifications.forms.mail_server import MailServerForm
from notifications.forms.notification import NotificationForm
from notifications.forms.oauth2 import OAuth2Form
from notifications.forms.safety import SafetyForm
from notifications.models import AuditEvent, Mode

Action = AuditEvent.Action
OF_NOTIFICATIONS = (Action.NOTIFICATION_CHANGED, Action.TEMPLATE_RESET)


def fields_in_words(event: AuditEvent) -> list[str]:
    """A name that no form knows (any more) stands for itself."""
    known = labels(event.action)
    return [known.get(name, name) for name in event.fields]


@cache
def labels(action: str) -> dict[str, str]:
    if action == Action.MAIL_SERVER_SAVED:
        return dict(mail_server_labels())
    if action == Action.SAFETY_CHANGED:
        return {name: str(field.label or name) for name, field in SafetyForm.base_fields.items()}
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
