"""A name is all that a new API token needs."""

from django import forms
from django.core.exceptions import ValidationError

from notifications.forms.fields import LineField
from notifications.models import ApiToken, Scope


class ApiTokenForm(forms.Form):
    name = LineField(
        max_length=200,
        help_text="Who will use it, such as the tool and its host: you look for this when you revoke it.",
    )

    scopes = forms.MultipleChoiceField(
        label="May",
        choices=Scope.choices,
        initial=[Scope.REPORT],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Tick what it may do, one thing at least."},
        help_text="A tool that only tells of its deployments needs no more than the first.",
    )

    def clean_name(self) -> str:
        """Two living tokens of one name could not be told apart; it also catches the form that was sent twice."""
        name = str(self.cleaned_data["name"])
        if ApiToken.objects.filter(name=name, revoked_at=None).exists():
            raise ValidationError("A token of this name is in use. Choose another name, or revoke that one first.")
        return name
