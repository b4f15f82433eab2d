"""Form fields that take a browser's text as well as the plain data of a file or the API."""

import re
from collections.abc import Iterable, Sequence
from datetime import time
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from notifications import time_zones
from notifications.addresses import ADDRESS_LIMIT, parse_address, shown

STAR_LIMIT = 20
# Of what is wrong in one field: more is not read.
PROBLEMS_SHOWN = 10
NOT_LOOKED_AT = "The entries after these were not looked at yet."
# Unicode's Cc, Cs, Zl and Zp.
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def refuse_control_characters(text: str) -> None:
    """A line break or NUL in a name would end up in headers, logs and other people's terminals."""
    if CONTROLS.search(text):
        raise ValidationError("Use plain characters on one line: this contains a line break or a control character.")


class PlainTextField(forms.CharField):
    """Text, and nothing that would only be turned into one."""

    def to_python(self, value: Any) -> str:
        if value is not None and not isinstance(value, str):
            raise ValidationError(f"Give a text, not {said(value)}.")
        return str(super().to_python(value))


class LineField(PlainTextField):
    """Text on one line."""

    default_validators = [refuse_control_characters]


class AddressField(LineField):
    """One mail address, without a name; gives it as it goes over the wire."""

    widget = forms.EmailInput(attrs={"spellcheck": "false"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"max_length": ADDRESS_LIMIT, **options})

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        try:
            address = parse_address(text) if text else None
        except ValueError as error:
            raise ValidationError(str(error)) from error
        if address and address.name:
            raise ValidationError("Give the address alone, without a name.")
        return address.address if address else ""


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


class ZoneInput(forms.TextInput):
    """A text that the browser completes from the names of the time zones."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        offered = f"{name}-offered"
        names = ((name,) for name in sorted(time_zones.names().values()))
        options = format_html_join("", '<option value="{}">', names)
        shown_input = super().render(name, value, {**(attrs or {}), "list": offered}, renderer)
        return format_html('{}<datalist id="{}">{}</datalist>', shown_input, offered, options)


class ZoneField(LineField):
    """The IANA name of a time zone, in its usual spelling."""

    widget = ZoneInput

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=64, label="Time zone", **options)

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        if text and text.lower() not in time_zones.names():
            raise ValidationError(f"There is no time zone “{shown(text)}”. Give one such as Europe/Berlin.")
        return time_zones.names()[text.lower()] if text else ""


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
        raise ValidationError(f"Say true or false, not {said(value)}.")


class WholeNumberField(forms.IntegerField):
    """A whole number from `min_value` to `max_value`, as digits or as a number."""

    def __init__(self, *, min_value: int, max_value: int, **options: Any) -> None:
        super().__init__(**{"required": False, "min_value": min_value, "max_value": max_value, **options})
        self.limits = f"Give a whole number from {min_value:,} to {max_value:,}"
        self.error_messages |= dict.fromkeys(("invalid", "min_value", "max_value"), f"{self.limits}.")

    def to_python(self, value: Any) -> int | None:
        if isinstance(value, (bool, float)):
            raise ValidationError(f"{self.limits}, not {said(value)}.")
        return super().to_python(value)


class ClockField(forms.TimeField):
    """Hours and minutes: `HH:MM`, or the time of a TOML file."""

    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    input_formats = ["%H:%M", "%H:%M:%S"]

    def to_python(self, value: Any) -> time | None:
        if value is not None and not isinstance(value, (str, time)):
            raise ValidationError(self.error_messages["invalid"])
        found = super().to_python(value)
        if found and (found.second or found.microsecond or found.tzinfo):
            raise ValidationError(self.error_messages["invalid"])
        return found


class OneOfField(forms.ChoiceField):
    """One of a closed set, by its value."""

    default_error_messages = {"required": "Choose one."}

    def to_python(self, value: Any) -> str:
        if value is not None and not isinstance(value, str):
            raise ValidationError(f"Give a text, not {said(value)}.")
        return str(super().to_python(value))

    def validate(self, value: str) -> None:
        forms.Field.validate(self, value)
        if value and not self.valid_value(value):
            raise ValidationError(not_among(value, self))


class SomeOfField(forms.MultipleChoiceField):
    """Any of a closed set, each once."""

    widget = forms.CheckboxSelectMultiple

    def to_python(self, value: Any) -> list[str]:
        if value is not None and not isinstance(value, (list, tuple)):
            raise ValidationError("Give a list.")
        given = value or []
        odd = next((item for item in given if not isinstance(item, str) or not self.valid_value(item)), None)
        if odd is not None:
            raise ValidationError(not_among(odd, self))
        return list(dict.fromkeys(given))


def the_first(problems: Sequence[str]) -> list[str]:
    """As many as somebody reads; the rest is looked at once these are gone."""
    return [*problems] if len(problems) <= PROBLEMS_SHOWN else [*problems[:PROBLEMS_SHOWN], NOT_LOOKED_AT]


def said(value: object) -> str:
    """What was given instead, so that the person recognises it."""
    try:
        return shown(repr(value))
    except ValueError:  # Python writes no number of more than 4,300 digits, and a hexadecimal one of TOML may have them
        return "a number of thousands of digits"


def not_among(value: object, field: forms.ChoiceField) -> str:
    given = f"“{shown(value)}”" if isinstance(value, str) else said(value)
    return f"{given} is not known here. Known are {', '.join(filter(None, names_of(field)))}."


def names_of(field: forms.ChoiceField) -> list[str]:
    return [str(name) for name, _ in cast(Iterable[tuple[str, str]], field.choices)]
