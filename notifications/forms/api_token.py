"""A name is all that a new API token needs."""

from django import forms

from notifications.forms.fields import LineField


class ApiTokenForm(forms.Form):
    name = LineField(
        max_length=200,
        help_text="Who will use it, such as the tool and its host: you look for this when you revoke it.",
    )
