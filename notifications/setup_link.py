"""The one-time way in: whoever can read what the first start prints becomes the first administrator."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.signing import BadSignature, TimestampSigner

LIFE = timedelta(hours=24)
PURPOSE = "first"


def setup_url() -> str | None:
    """None once there is an administrator."""
    return f"{settings.PUBLIC_URL}/setup/{make_setup_token()}/" if is_open() else None


def make_setup_token() -> str:
    return signer().sign(PURPOSE)


def check_setup_token(token: str) -> bool:
    """Whether the first administrator may be made with it: fresh, ours, and nobody was faster."""
    try:
        genuine = signer().unsign(token, max_age=LIFE) == PURPOSE
    except BadSignature:
        return False
    return genuine and is_open()


def is_open() -> bool:
    """Whoever came in by a provider is no administrator, and must not shut out the first one."""
    return not get_user_model()._default_manager.filter(is_superuser=True).exists()


def signer() -> TimestampSigner:
    return TimestampSigner(salt="mailadmin.setup-link", sep=".")
