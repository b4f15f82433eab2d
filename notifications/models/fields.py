"""The one field type for secrets."""

from typing import TYPE_CHECKING, Any

from cryptography.fernet import InvalidToken, MultiFernet
from django.core.exceptions import FieldError
from django.db import models
from fernet_fields import EncryptedTextField

if TYPE_CHECKING:
    # The package ships no types; to the type checker its field is the text field that it extends.
    TextField = models.TextField[str, str]
else:
    TextField = EncryptedTextField

SEPARATOR = "\x00"


class Unreadable(str):
    """Stands for a stored secret that no present key opens. False like an empty string, and saved back unchanged."""

    ciphertext: bytes

    def __new__(cls, ciphertext: bytes) -> "Unreadable":
        self = super().__new__(cls, "")
        self.ciphertext = ciphertext
        return self


class SecretField(TextField):
    """Text encrypted with FERNET_KEYS; bound to its column, kept out of forms, lookups, expressions and dumps."""

    fernet: MultiFernet  # EncryptedField's, made of FERNET_KEYS
    fernet_keys: list[bytes]  # EncryptedField's too, the newest first

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"blank": True, "default": "", **options, "serialize": False})

    @property
    def purpose(self) -> str:
        """Is encrypted with the value, so that a ciphertext moved from another column is noticed."""
        return f"{self.model._meta.label_lower}.{self.name}"

    def formfield(self, **_: Any) -> None:
        """No form field: a ModelForm would send the secret to the browser."""

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if isinstance(value, Unreadable):
            return connection.Database.Binary(value.ciphertext)
        # update(f=F(...)) and bulk_update pass expressions, and the database would store them in clear.
        if hasattr(value, "resolve_expression"):
            raise FieldError(f"{self.purpose} is a secret and takes no expression: assign a string and save()")
        return super().get_db_prep_save(None if value is None else f"{self.purpose}{SEPARATOR}{value}", connection)

    def from_db_value(self, value: Any, *_context: Any) -> str | None:
        if value is None:
            return None
        ciphertext = bytes(value)
        try:
            purpose, _, secret = self.fernet.decrypt(ciphertext).decode().partition(SEPARATOR)
        except (InvalidToken, UnicodeDecodeError):
            return Unreadable(ciphertext)
        return secret if purpose == self.purpose else Unreadable(ciphertext)
