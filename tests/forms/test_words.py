"""No field speaks with Django's own words: they are another voice among ours, and say less."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from django.forms import BaseForm, Field
from django.test import RequestFactory

from notifications import forms
from notifications.forms.people import OwnPasswordForm
from notifications.forms.setup import AccountForm
from notifications.forms.sign_in import SignInForm
from tests.base import PASSWORD, administrator, person

STOCK = ("This field is required", "Ensure this value", "Select a valid", "Enter a ", "Null characters")
NEW = {"username": "vera", "email": "", "password1": PASSWORD, "password2": PASSWORD}


def every_field() -> Iterator[tuple[str, Field]]:
    modules = [
        importlib.import_module(f"notifications.forms.{each.name}") for each in pkgutil.iter_modules(forms.__path__)
    ]
    found = {form for module in modules for form in vars(module).values() if isinstance(form, type)}
    for form in (each for each in found if issubclass(each, BaseForm)):
        for name, field in getattr(form, "base_fields", {}).items():
            yield f"{form.__name__}.{name}", field


def test_no_field_speaks_with_djangos_words() -> None:
    fields = dict(every_field())
    assert "SignInForm.username" in fields
    stock = [
        f"{where}: {sentence}"
        for where, field in fields.items()
        for sentence in map(str, field.error_messages.values())
        if sentence.startswith(STOCK)
    ]
    assert stock == []


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({"username": ""}, "username", "This must not be empty."),
        ({"username": "vera b"}, "username", "Use letters, digits and @ . + - _ only."),
        ({"username": "ada"}, "username", "Somebody has this name already. Choose another one."),
        ({"username": "ADA"}, "username", "Somebody has this name already. Choose another one."),
        ({"username": "v" * 151}, "username", "This has 151 characters; 150 is the most."),
        ({"password2": "another one"}, "password2", "These are two different passwords. Type the same one twice."),
    ],
)
@pytest.mark.django_db
def test_a_new_account_is_told_what_to_change(typed: dict[str, str], field: str, sentence: str) -> None:
    administrator()
    assert AccountForm(NEW | typed).errors == {field: [sentence]}


@pytest.mark.django_db
def test_a_password_that_is_not_the_current_one_is_called_so() -> None:
    typed = {"old_password": "wrong", "new_password1": PASSWORD, "new_password2": PASSWORD}
    form = OwnPasswordForm(person("olga"), typed, request=RequestFactory().post("/account/password/"))
    assert form.errors == {"old_password": ["This is not your current password."]}
    assert form.fields["old_password"].label == "Current password"


def test_who_types_nothing_to_sign_in_is_asked_for_it() -> None:
    assert SignInForm(data={}).errors["password"] == ["This must not be empty."]
