"""The stored secrets, which key of FERNET_KEYS opens each, and how all of them get the newest."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from enum import Enum
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.db import models, transaction
from django.db.models import BinaryField
from django.db.models.functions import Cast

from notifications.models.fields import SecretField, Unreadable

# Rows that are locked together: few enough that nobody who saves has to wait for long.
BATCH = 200
STORED = "_as_stored"
# What brings back a secret that no key opens; nothing where the panel fetches or makes another by itself.
REMEDIES = {
    "MailServerSettings": "enter it again under Options > Preferences > Mail Server, and save",
    "OAuthGrant": "press Authenticate under Options > Preferences > Mail Server",
    "AppToken": "",
    "ConsentRequest": "",
    "Message": "",
}


class Opens(Enum):
    NEWEST = "the newest key"
    OLDER = "an older key"
    NONE = "no key"


@dataclass(frozen=True)
class Secret:
    """Where a secret is stored, and what opens it; never the secret."""

    model: type[models.Model]
    pk: Any
    column: str
    opens: Opens

    def __str__(self) -> str:
        return f"{self.model.__name__}: {self.column}"

    @property
    def remedy(self) -> str:
        """What somebody has to do when no key opens it; empty when nobody has to."""
        return REMEDIES[self.model.__name__]


def survey() -> Iterator[Secret]:
    """Every stored secret as it is now."""
    for model, fields in secret_fields().items():
        yield from walk(model, fields, renew=False)


def rotate() -> Iterator[Secret]:
    """Encrypt with the newest key whatever an older one opens, and tell of every secret as it was found.

    A batch is renewed as a whole or not at all, and what has the newest key is left alone: cut off anywhere, the next
    run goes on where this one ended. What no key opens stays as it is, for the day on which its key is found.
    """
    for model, fields in secret_fields().items():
        yield from walk(model, fields, renew=True)


def secret_fields() -> dict[type[models.Model], list[SecretField]]:
    found = {
        model: [field for field in model._meta.concrete_fields if isinstance(field, SecretField)]
        for model in apps.get_app_config("notifications").get_models()
    }
    return {model: fields for model, fields in found.items() if fields}


def walk(model: type[models.Model], fields: list[SecretField], *, renew: bool) -> Iterator[Secret]:
    last: Any = None
    while True:
        with transaction.atomic() if renew else nullcontext():
            rows = batch(model, fields, last, lock=renew)
            found = [secret for row in rows for secret in secrets_of(model, fields, row)]
            if renew:
                for row in rows:
                    encrypt_anew(model, row, [secret.column for secret in found if is_due(secret, row)])
        if not rows:
            return
        yield from found
        last = rows[-1]["pk"]


def batch(model: type[models.Model], fields: list[SecretField], last: Any, *, lock: bool) -> list[dict[str, Any]]:
    """The next rows by key: each secret under its column's name, and as it is stored."""
    rows = model._base_manager.order_by("pk")
    rows = rows if last is None else rows.filter(pk__gt=last)
    rows = rows.select_for_update() if lock else rows
    names = [field.name for field in fields]
    # Cast: without it SQLite hands out whatever type somebody stored.
    stored = {name + STORED: Cast(name, BinaryField()) for name in names}
    return list(rows.values("pk", *names, **stored)[:BATCH])


def secrets_of(model: type[models.Model], fields: list[SecretField], row: dict[str, Any]) -> Iterator[Secret]:
    for field in fields:
        stored = row[field.name + STORED]
        if stored is not None:
            yield Secret(model, row["pk"], field.name, what_opens(field, row[field.name], bytes(stored)))


def what_opens(field: SecretField, value: str, stored: bytes) -> Opens:
    if isinstance(value, Unreadable):
        return Opens.NONE
    try:
        Fernet(field.fernet_keys[0]).decrypt(stored)
    except InvalidToken:
        return Opens.OLDER
    return Opens.NEWEST


def is_due(secret: Secret, row: dict[str, Any]) -> bool:
    return secret.pk == row["pk"] and secret.opens is Opens.OLDER


def encrypt_anew(model: type[models.Model], row: dict[str, Any], columns: list[str]) -> None:
    """Only these columns: what a person or a worker saves beside them is nobody's business here."""
    if columns:
        model._base_manager.filter(pk=row["pk"]).update(**{column: row[column] for column in columns})
