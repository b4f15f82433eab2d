"""Form fields that take a browser's text as well as the plain data of a file or the API."""

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from notifications.addresses import Address, dedupe, parse_addresses

ADDRESS_TEXT_LIMIT = 100_000
STAR_LIMIT = 20


def refuse_control_characters(text: str) -> None:
    """A line break or NUL in a name would end up in headers, logs and other people's terminals."""
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in text):
        raise ValidationError("Use plain characters on one line: this contains a line break or a control character.")


class LineField(forms.CharField):
    """Text on one line."""

    default_validators = [refuse_control_characters]

    def to_python(self, value: Any) -> str:
        if value is not None and not isinstance(value, str):
            raise ValidationError(f"Give a text, not {value!r}.")
        return str(super().to_python(value))


class GlobField(LineField):
    """A name with `*` for any run of characters and `?` for one; nothing else is special."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value)
        while "**" in text:
            text = text.replace("**", "*")
        return text

    def validate(self, value: str) -> None:
        super().validate(value)
        if value.count("*") > STAR_LIMIT:
            raise ValidationError(f"Use at most {STAR_LIMIT} stars.")


class Switch(forms.CheckboxInput):
    """A checkbox that hands on what was sent: Django's takes any text for a tick."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.get(name, False)


class SwitchField(forms.BooleanField):
    """On or off: a checkbox of a page, or exactly true or false in a file."""

    widget = Switch

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, **options})

    def to_python(self, value: Any) -> bool:
        if isinstance(value, bool) or value == "on":
            return bool(value)
        raise ValidationError(f"Say true or false, not {value!r}.")


class AddressTextarea(forms.Textarea):
    """Shows a list of addresses with one on each line."""

    def format_value(self, value: Any) -> str | None:
        return "\n".join(str(item) for item in value) if isinstance(value, (list, tuple)) else value


class AddressListField(forms.Field):
    """A list of strings, or one text with commas or line breaks between the addresses; gives a list of Address."""

    widget = AddressTextarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "off"})

    def to_python(self, value: Any) -> list[Address]:
        if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
            value = "\n".join(value)
        if value is not None and not isinstance(value, str):
            raise ValidationError("Give a list of addresses.")
        if len(value or "") > ADDRESS_TEXT_LIMIT:
            raise ValidationError(f"This is longer than {ADDRESS_TEXT_LIMIT:,} characters; use a distribution list.")
        try:
            return dedupe(parse_addresses(value or ""))
        except ValueError as error:
            raise ValidationError(str(error)) from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.widget.format_value(initial), self.widget.format_value(data)))
