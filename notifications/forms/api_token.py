"""A new API token, and what one may report."""

import re
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from notifications.addresses import shown
from notifications.forms.fields import STAR_LIMIT, LineField, WholeNumberField, the_first
from notifications.forms.recipients import RecipientListField
from notifications.models import ApiToken, Scope
from notifications.models.api_token import LIMITS, today

MOST_NAMES = 50
NAME_LIMIT = 300
MOST_PER_MINUTE = 100_000
MOST_RECIPIENTS = 20
# A host's name or address, with stars; what else stands in a link is no part of it.
HOST = re.compile(r"[^\s/\\@\[\]?#:]+|[0-9A-Fa-f:.*]+")


class NameFilterListField(forms.Field):
    """A list of strings, or one text with a name on each line; `*` stands for any characters. Gives each once."""

    widget = forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "autocapitalize": "off"})

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"required": False, **options})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:
        lines = value if isinstance(value, list) else str(value or "").splitlines()
        names = [*dict.fromkeys(name for line in lines if (name := line.strip()))]
        if len(names) > MOST_NAMES:
            raise ValidationError(f"Give at most {MOST_NAMES}; a star stands for many.")
        if problems := [problem for name in names if (problem := self.problem_of(name))]:
            raise ValidationError(the_first(problems))
        return names

    def problem_of(self, name: str) -> str:
        if not name.isprintable():
            return f"“{shown(name)}” contains a control character."
        if len(name) > NAME_LIMIT or name.count("*") > STAR_LIMIT:
            return f"“{shown(name)}” is too long: at most {NAME_LIMIT} characters and {STAR_LIMIT} stars."
        return ""


class HostListField(NameFilterListField):
    """The same, of hosts."""

    def problem_of(self, name: str) -> str:
        if not HOST.fullmatch(name):
            return f"“{shown(name)}” is not a host: write it as tool.example.com or *.example.com, without https://."
        return super().problem_of(name)


class TokenLimitsForm(forms.Form):
    """What a token may report; a blank field is no limit."""

    sources = NameFilterListField(
        label="Sources",
        help_text="One on each line, such as pdq or jenkins-*. A report for another source is refused. Blank: any.",
    )
    link_hosts = HostListField(
        label="Hosts of links",
        help_text="One on each line, such as tool.example.com or *.example.com. Other links are left out. Blank: any.",
    )
    reports_per_minute = WholeNumberField(
        min_value=1, max_value=MOST_PER_MINUTE, label="Reports a minute", help_text="Blank: no limit."
    )
    expires_on = forms.DateField(
        required=False,
        label="Last day",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": "Give a date such as 2027-12-31."},
        help_text="Reports are refused after it. Blank: the token does not expire.",
    )
    conflict_recipients = RecipientListField(
        label="Email about refused reports to",
        help_text="When another report has the same source and ID; at most one email an hour. Blank: no email.",
    )

    @classmethod
    def of(cls, token: ApiToken, data: Any = None) -> "TokenLimitsForm":
        return cls(data, initial={name: getattr(token, name) for name in LIMITS})

    @property
    def limits(self) -> dict[str, Any]:
        """The columns, after is_valid()."""
        recipients = [str(entry) for entry in self.cleaned_data["conflict_recipients"]]
        return {name: self.cleaned_data[name] for name in LIMITS} | {"conflict_recipients": recipients}

    def clean_expires_on(self) -> date | None:
        day: date | None = self.cleaned_data["expires_on"]
        if day and day != self.initial.get("expires_on") and day < today():
            raise ValidationError("This day is over. To stop the token now, revoke it.")
        return day

    def clean_conflict_recipients(self) -> list[Any]:
        recipients: list[Any] = self.cleaned_data["conflict_recipients"]
        if len(recipients) > MOST_RECIPIENTS:
            raise ValidationError(f"Give at most {MOST_RECIPIENTS}, or a distribution list.")
        return recipients


class ApiTokenForm(TokenLimitsForm):
    name = LineField(
        max_length=200,
        help_text="The tool and its host, for example: you look for this when you revoke it.",
    )

    scopes = forms.MultipleChoiceField(
        label="May",
        choices=Scope.choices,
        initial=[Scope.REPORT],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Select at least one."},
        help_text="A tool that only reports needs no more than the first.",
    )

    def clean_name(self) -> str:
        """Two valid tokens of one name could not be told apart; it also catches the form that was sent twice."""
        name = str(self.cleaned_data["name"])
        if ApiToken.objects.filter(name=name, revoked_at=None).exists():
            raise ValidationError("A token of this name is in use. Choose another name, or revoke that one first.")
        return name
