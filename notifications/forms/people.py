"""Inviting people, their roles and addresses, and one's own password and time zone."""

from typing import Any

from django import forms
from django.contrib.auth import authenticate
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from notifications.access import Role
from notifications.forms.fields import AddressField, LineField, ZoneField
from notifications.forms.setup import NOT_THE_SAME, password_help
from notifications.models.invitation import ROLES

WHAT_ROLES_MAY = (
    ("Viewer", "reads: deliveries, completions, notifications and the mail server's values, never what a mail said"),
    ("Operator", "also changes notifications, tests, resends, cancels, and pauses all mail"),
    ("Administrator", "also changes the mail server, safety, API tokens and people, and reads the audit"),
)


class RoleForm(forms.Form):
    role = forms.TypedChoiceField(choices=ROLES, coerce=lambda value: Role(int(value)), label="Role")


class InvitationForm(RoleForm):
    whom = LineField(
        label="For whom",
        max_length=200,
        help_text="A name or an address, for the list. The link is yours to send.",
        error_messages={"required": "Say for whom it is."},
    )
    field_order = ("whom", "role")


class EmailForm(forms.Form):
    """An account's address, empty for none."""

    email = AddressField(label="Email address", required=False)


class OwnPasswordForm(PasswordChangeForm):
    error_messages = {
        "password_mismatch": NOT_THE_SAME,
        "password_incorrect": "This is not your current password.",
    }

    def __init__(self, user: User, *args: Any, request: HttpRequest, **options: Any) -> None:
        super().__init__(user, *args, **options)
        self.request = request
        self.fields["old_password"].label = "Current password"
        self.fields["old_password"].widget.attrs.pop("autofocus", None)
        self.fields["new_password1"].help_text = password_help()
        self.fields["new_password2"].label = "Repeat the new password"
        self.fields["new_password2"].help_text = ""

    def clean_old_password(self) -> str:
        """As at the sign-in: a browser that somebody left open is no place to guess without limit."""
        typed = str(self.cleaned_data["old_password"])
        if authenticate(self.request, username=self.user.get_username(), password=typed) is None:
            raise ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return typed


class OwnZoneForm(forms.Form):
    time_zone = ZoneField(required=False)

    def __init__(self, *args: Any, otherwise: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["time_zone"].help_text = f"Blank: {otherwise}."
