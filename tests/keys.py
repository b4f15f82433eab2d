"""FERNET_KEYS, changed in the middle of a test as an operator changes them between two starts."""

import secrets
from collections.abc import Callable, Iterator

import pytest

from notifications.keyring import secret_fields

CACHED = ("keys", "fernet_keys", "fernet")
UseKeys = Callable[..., None]


def new_key() -> str:
    return secrets.token_urlsafe(32)


@pytest.fixture
def use_keys(settings: object) -> Iterator[UseKeys]:
    """`use_keys(newest, older)`; each field keeps what it derived from its keys, so that is exchanged too."""
    fields = [field for columns in secret_fields().values() for field in columns]
    kept = [{name: field.__dict__.pop(name) for name in CACHED if name in field.__dict__} for field in fields]

    def use(*keys: str) -> None:
        settings.FERNET_KEYS = list(keys)  # type: ignore[attr-defined]
        for field in fields:
            for name in CACHED:
                field.__dict__.pop(name, None)

    yield use
    for field, cached in zip(fields, kept, strict=True):
        for name in CACHED:
            field.__dict__.pop(name, None)
        field.__dict__.update(cached)
