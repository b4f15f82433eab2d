"""What keeps mail from going where it should not, as a page or a file gives it."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from notifications.addresses import parse_address, shown
from notifications.forms.fields import AddressField, SwitchField, the_first
from notifications.models import Safety

MOST_DOMAINS = 100


class DomainListField(forms.Field):
    """A list of strings, or one text with commas, blanks or line breaks between; gives A-labels in lower case."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocapitalize": "off"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        if isinstance(value, (list, tuple)) and all(isinstance(each, str) for each in value):
            value = "\n".join(value)
        if value is not None and not isinstance(value, str):
            raise ValidationError("Give a list of domains.")
        given = (value or "").replace(",", " ").replace(";", " ").split()
        if len(given) > MOST_DOMAINS:
            raise ValidationError(f"{MOST_DOMAINS} domains at most.")
        domains = {each: domain_of(each) for each in given}
        problems = [f"“{shown(each)}” is no domain: write it as example.com." for each in domains if not domains[each]]
        if problems:
            raise ValidationError(the_first(problems))
        return list(dict.fromkeys(domains.values()))


def domain_of(text: str) -> str:
    """Empty for what cannot stand after an @."""
    try:
        return parse_address(f"x@{text.removeprefix('@')}").address.rpartition("@")[2].lower()
    except ValueError:
        return ""


class SafetyForm(forms.Form):
    paused = SwitchField(
        label="Pause all notification mail",
        help_text="Completions are still accepted and mails still made; they wait here and go once this is off.",
    )
    allowed_domains = DomainListField(
        label="Allowed recipient domains",
        required=False,
        help_text="One on each line; subdomains count as domains of their own. Blank: recipients anywhere get mail.",
    )
    reroute_to = AddressField(
        label="Send everything to",
        required=False,
        help_text="One address that gets every mail, tests included. Blank: each mail goes to its own recipients.",
        widget=forms.TextInput(attrs={"inputmode": "email", "autocomplete": "off", "spellcheck": "false"}),
    )

    @classmethod
    def of(cls, saved: Safety, data: Any = None) -> "SafetyForm":
        return cls(data, initial={name: getattr(saved, name) for name in cls.base_fields})
