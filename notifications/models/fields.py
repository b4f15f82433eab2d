"""Field types for secrets, and for what other sides wrote."""

from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.core.exceptions import FieldError
from django.db import models
from fernet_fields import EncryptedTextField

from notifications.masking import mask, remember_stored

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
        remember_stored(value or "")
        return super().get_db_prep_save(None if value is None else f"{self.purpose}{SEPARATOR}{value}", connection)

    def from_db_value(self, value: Any, *_context: Any) -> str | None:
        return None if value is None else self.opened(bytes(value), self.fernet)

    def opened(self, stored: bytes, fernet: Fernet | MultiFernet) -> str:
        """The text in `stored`, or Unreadable."""
        try:
            purpose, _, secret = fernet.decrypt(stored).decode().partition(SEPARATOR)
        except (InvalidToken, UnicodeDecodeError):
            return Unreadable(stored)
        if purpose != self.purpose:
            return Unreadable(stored)
        # Whoever reads a secret may hand it to a server, and be given it back in an error.
        remember_stored(secret)
        return secret


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


class Foreign:
    """Text of another side: secrets in it are masked and it is cut to the column, whoever stores it."""

    max_length: int | None

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)  # type: ignore[misc]  # the field's
        return mask(value)[: self.max_length] if isinstance(value, str) else value

    def deconstruct(self) -> Any:
        """As the plain field: to the database it is one."""
        name, _, args, options = super().deconstruct()  # type: ignore[misc]  # the field's
        return name, f"django.db.models.{self.plain}", args, options

    plain: str


class ForeignTextField(Foreign, models.TextField):  # type: ignore[type-arg]  # as Django's own are used
    plain = "TextField"


class ForeignCharField(Foreign, models.CharField):  # type: ignore[type-arg]
    plain = "CharField"
