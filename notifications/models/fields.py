"""The one field type for secrets."""

from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
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
    """Stands for a stored value that no present key opens. False like an empty string, and saved back unchanged."""

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

    def select_format(self, compiler: Any, sql: str, params: Any) -> tuple[str, Any]:
        """Read bytes whatever is stored: SQLite keeps any type in any column, and fails on text that is not UTF-8."""
        sql, params = super().select_format(compiler, sql, params)
        return (f"CAST({sql} AS BLOB)" if compiler.connection.vendor == "sqlite" else sql), params

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if isinstance(value, Unreadable):
            return connection.Database.Binary(value.ciphertext)
        # update(f=F(...)) and bulk_update pass expressions, and the database would store them in clear.
        if hasattr(value, "resolve_expression"):
            raise FieldError(f"{self.purpose} is a secret and takes no expression: assign a string and save()")
        return super().get_db_prep_save(None if value is None else f"{self.purpose}{SEPARATOR}{value}", connection)

    def from_db_value(self, value: Any, *_context: Any) -> str | None:
        return None if value is None else self.opened(bytes(value), self.fernet)

    def opened(self, stored: bytes, fernet: Fernet | MultiFernet) -> str:
        """The text in `stored`, or Unreadable."""
        try:
            purpose, _, secret = fernet.decrypt(stored).decode().partition(SEPARATOR)
        except (InvalidToken, UnicodeDecodeError):
            return Unreadable(stored)
        return secret if purpose == self.purpose else Unreadable(stored)


class OptionalSecretField(SecretField):
    """A secret that may be missing. An empty text is stored as NULL: a lost key must not take away what never was."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "null": True})

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        is_missing = isinstance(value, str) and not isinstance(value, Unreadable) and not value
        return super().get_db_prep_save(None if is_missing else value, connection)

    def from_db_value(self, value: Any, *_context: Any) -> str:
        found = super().from_db_value(value)
        return "" if found is None else found
