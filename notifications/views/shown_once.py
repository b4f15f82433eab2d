"""Secrets on their way from the request that made one to the page that shows it, once."""

from cryptography.fernet import InvalidToken
from django.contrib.sessions.backends.base import SessionBase
from django.views.decorators.debug import sensitive_variables

from notifications.forms.typed_secret import fernet

KEPT_SECONDS = 60
NAME = "shown_once"


@sensitive_variables("secret")
def keep(session: SessionBase, what: str, secret: str) -> None:
    """Encrypted, for a minute; the next one takes its place."""
    session[NAME] = {"what": what, "sealed": fernet().encrypt(secret.encode()).decode()}


def take(session: SessionBase, what: str) -> str:
    """Empty when it was shown before, or too much time went by."""
    kept = session.get(NAME, {})
    if kept.get("what") != what:
        return ""
    del session[NAME]
    try:
        return str(fernet().decrypt(kept["sealed"].encode(), ttl=KEPT_SECONDS).decode())
    except InvalidToken:
        return ""
