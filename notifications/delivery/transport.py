"""The backend that a set of mail-server values asks for."""

import json

from django.conf import settings as environment

from notifications.addresses import parse_address
from notifications.backends.base import Backend, BackendError, Fault, Reply
from notifications.backends.smtp import SmtpBackend, SmtpServer
from notifications.backends.smtp_auth import PasswordSignIn
from notifications.emails.headers import address_header
from notifications.models import MailServerSettings
from notifications.models.fields import Unreadable


def with_draft(saved: MailServerSettings, draft: str) -> MailServerSettings:
    """An unsaved copy of `saved` with the values of a test's `draft` (JSON by column name) in place."""
    if not draft:
        return saved
    values = {field.attname: getattr(saved, field.attname) for field in saved._meta.concrete_fields}
    return MailServerSettings(**{**values, **json.loads(draft)})


def open_backend(server: MailServerSettings) -> Backend:
    """Raises BackendError when a saved secret cannot be read, before anything is connected."""
    password = readable(server.basic_password, "SMTP Server Password") if server.basic_user else ""
    target = SmtpServer(
        host=server.basic_host,
        port=server.basic_port or 0,
        security=server.basic_security,
        connect_timeout=server.basic_connect_timeout,
        ca_certificate=server.basic_ca_certificate,
        allow_clear_password=server.basic_allow_clear_password,
        ehlo_name=environment.EHLO_NAME,
    )
    return SmtpBackend(target, PasswordSignIn(server.basic_user, password) if server.basic_user else None)


def secrets_of(server: MailServerSettings) -> tuple[str, ...]:
    """What must never appear in a trace."""
    return (server.basic_password,)


def readable(secret: str, label: str) -> str:
    if isinstance(secret, Unreadable):
        text = f"{label} cannot be read with the present FERNET_KEYS: enter it again, or bring the old key back"
        raise BackendError(Fault.SECRET, Reply(text=text))
    return secret


def from_header(sender: str) -> tuple[str, bytes]:
    """The bare address for the envelope, and the From line that goes in front of a mail's content."""
    parsed = parse_address(sender)
    return parsed.address, address_header("From", [parsed]).encode("ascii")
