"""What is set, as a file that can be read back."""

from typing import Any

import tomli_w

from notifications.configuration.sections import SECTIONS, Section
from notifications.forms.notification import NotificationForm, defaults
from notifications.forms.safety import SafetyForm
from notifications.models import MailServerSettings, Notification, Safety

HEAD = """\
# What is set in mailadmin; read it back with: manage.py config import FILE
# Secrets are left out, and reading this back keeps the saved ones. To give one, write into its section
#   password = { env = "SMTP_PASSWORD" }        (oauth2, graph: client_secret)
# and set that environment variable for the import.

"""


def export() -> str:
    """TOML. Nothing encrypted is ever decrypted for it."""
    content: dict[str, Any] = {"mail_server": mail_server(MailServerSettings.load())}
    if safety := said({name: getattr(Safety.load(), name) for name in SafetyForm.base_fields}):
        content["safety"] = safety
    notifications = [notification(each) for each in Notification.objects.order_by("name")]
    if notifications:
        content["notifications"] = notifications
    return HEAD + tomli_w.dumps(content, multiline_strings=True)


def mail_server(saved: MailServerSettings) -> dict[str, Any]:
    modes = {mode: of_mode(section, saved) for mode, section in SECTIONS.items() if saved.has_values(mode)}
    return {"active": saved.active_mode, **modes}


def of_mode(section: Section, saved: MailServerSettings) -> dict[str, Any]:
    values = section.values_shown(saved)
    return {**said(values), **{name: values[name] for name in section.switched_on}}


def notification(saved: Notification) -> dict[str, Any]:
    """Without what is the default, but for the two words that a reader looks for."""
    usual = defaults()
    values = {name: getattr(saved, name) for name in NotificationForm.Meta.fields}
    changed = {name: value for name, value in values.items() if value != usual[name]}
    return {"name": saved.name, "kind": saved.kind, "enabled": saved.enabled} | {
        name: plain(value) for name, value in changed.items()
    }


def said(values: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty, which is what a key left out means when the file is read."""
    return {name: plain(value) for name, value in values.items() if value not in ("", None, [], False)}


def plain(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value
