"""A password typed into a page that has to be shown again: kept for minutes, encrypted, on our side of the wire.

Without it a conflict would cost the administrator what was typed, since no page ever carries a secret.
"""

from collections.abc import Collection

from cryptography.fernet import InvalidToken, MultiFernet
from django.contrib.sessions.backends.base import SessionBase

from notifications.models import MailServerSettings

KEY = "typed_secret"
KEPT_SECONDS = 15 * 60


def remember(session: SessionBase, secret: str, destination: str) -> None:
    """`destination` is what the page said where the secret goes; for any other it is not recalled."""
    session[KEY] = fernet().encrypt(f"{destination}\x00{secret}".encode()).decode()


def recall(session: SessionBase, destinations: Collection[str]) -> str:
    """What was typed for one of `destinations`; empty where nothing was, or not for them."""
    try:
        kept = fernet().decrypt(str(session.get(KEY, "")).encode(), ttl=KEPT_SECONDS).decode()
    except InvalidToken:
        return ""
    typed_for, _, secret = kept.partition("\x00")
    return secret if typed_for and typed_for in destinations else ""


def forget(session: SessionBase) -> None:
    session.pop(KEY, None)


def fernet() -> MultiFernet:
    cipher: MultiFernet = MailServerSettings._meta.get_field("basic_password").fernet
    return cipher
