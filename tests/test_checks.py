"""The system checks of the keys."""

import pytest

from notifications.checks import fernet_keys

GOOD = "k" * 40


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ([GOOD], []),
        ([GOOD, "o" * 40], []),
        (None, ["notifications.E002"]),
        ([], ["notifications.E002"]),
        ([GOOD, ""], ["notifications.E002"]),
        (GOOD, ["notifications.E001"]),
        (["short"], ["notifications.E003"]),
        (["the secret key of this installation"], ["notifications.E004"]),
    ],
)
def test_a_missing_weak_or_shared_key_is_an_error(settings: object, keys: object, found: list[str]) -> None:
    settings.SECRET_KEY = "the secret key of this installation"  # type: ignore[attr-defined]
    settings.FERNET_KEYS = keys  # type: ignore[attr-defined]
    assert [message.id for message in fernet_keys()] == found
