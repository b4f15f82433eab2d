"""A password typed into a page that has to be shown again: kept for minutes, encrypted, on our side of the wire.

Without it a conflict would cost the administrator what was typed, since no page ever carries a secret.
"""

from cryptography.fernet import InvalidToken, MultiFernet
from django.contrib.sessions.backends.base import SessionBase

from notifications.models import MailServerSettings

KEY = "typed_secret"
KEPT_SECONDS = 15 * 60


def remember(session: SessionBase, secret: str, destination: str) -> None:
    """`destination` is what the page said where the secret goes; for any other it is not recalled."""
    session[KEY] = fernet().encrypt(f"{destination}\x00{secret}".encode()).decode()


def recall(session: SessionBase, destination: str) -> str:
    try:
        kept = fernet().decrypt(str(session.get(KEY, "")).encode(), ttl=KEPT_SECONDS).decode()
    except InvalidToken:
        return ""
    typed_for, _, secret = kept.partition("\x00")
    return secret if typed_for == destination else ""


def forget(session: SessionBase) -> None:
    session.pop(KEY, None)


def fernet() -> MultiFernet:
    cipher: MultiFernet = MailServerSettings._meta.get_field("basic_password").fernet
    return cipher
