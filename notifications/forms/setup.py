"""A new account: the first administrator's, or that of somebody who was invited."""

from typing import Any

from django import forms
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import get_default_password_validators, validate_password
from django.core.exceptions import ValidationError

from notifications.forms.fields import AddressField

NOT_THE_SAME = "These are two different passwords. Type the same one twice."


class AccountForm(UserCreationForm):  # type: ignore[type-arg]  # generic in the stubs alone
    """Django's own checks of name and password; the password stays in the form's hands until it is hashed."""

    email = AddressField(
        label="Your email address",
        required=False,
        help_text="Where test emails go, unless you say otherwise, and what notifications send you.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )

    class Meta:
        model = User
        fields = ("username", "email")
        labels = {"username": "User name"}
        help_texts = {"username": "Letters, digits and @ . + - _"}
        error_messages = {
            "username": {
                "invalid": "Use letters, digits and @ . + - _ only.",
                "unique": "Somebody has this name already. Choose another one.",
            }
        }
        widgets = {"username": forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none"})}

    error_messages = {"password_mismatch": NOT_THE_SAME}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["password1"].help_text = password_help()
        self.fields["password2"].label = "Repeat the password"
        self.fields["password2"].help_text = ""

    def validate_password_for_user(self, user: User, *_: Any) -> None:
        """What Django calls; the errors belong where the password was typed, not where it was repeated."""
        try:
            validate_password(self.cleaned_data.get("password1", ""), user)
        except ValidationError as error:
            self.add_error("password1", error)


class SetupForm(AccountForm):
    def save(self, commit: bool = True) -> User:
        user: User = super().save(commit=False)
        user.is_staff = user.is_superuser = True
        if commit:
            user.save()
        return user


def password_help() -> str:
    shortest = next(
        validator.min_length for validator in get_default_password_validators() if hasattr(validator, "min_length")
    )
    return f"At least {shortest} characters, not only digits, and none of the common ones."
