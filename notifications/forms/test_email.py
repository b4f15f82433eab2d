"""Where a test email goes to, and with which values."""

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from notifications.addresses import parse_address
from notifications.forms.fields import LineField
from notifications.forms.mode import ModeForm
from notifications.models import MailServerSettings


class TestEmailForm(forms.Form):
    __test__ = False  # the name is the product's, pytest need not collect it

    test_to = LineField(
        label="Send Test Email to",
        max_length=400,
        error_messages={"required": "Enter the address that the test email goes to."},
        widget=forms.EmailInput(attrs={"autocomplete": "email", "data-enter": "send-test-email"}),
    )

    def clean_test_to(self) -> str:
        try:
            return str(parse_address(self.cleaned_data["test_to"]))
        except ValueError as error:
            raise ValidationError(str(error)) from error


def tested_values(form: ModeForm) -> dict[str, Any]:
    """By column; those that make a difference to how one mail goes."""
    values = {"active_mode": form.mode.value, **form.values()}
    for name in form.of_no_mail:
        del values[f"{form.mode}_{name}"]
    return values


def draft_of(form: ModeForm, saved: MailServerSettings) -> str | None:
    """The page's values as the worker takes them; None when they are the ones in force.

    A kept secret is written out: looked up later, it might be that of another server, saved in the meantime.
    """
    values = tested_values(form)
    if all(value == getattr(saved, column) for column, value in values.items()):
        return None
    return json.dumps(values)
