"""Forms for people who may read them, not change them."""

from collections.abc import Container
from typing import Any

from django.forms import BaseForm


def freeze(form: BaseForm, *, but: Container[str] = ()) -> Any:
    """The same form, which shows and checks what is saved whatever a browser posts; fields in `but` stay open."""
    for name, field in form.fields.items():
        field.disabled = field.disabled or name not in but
    return form
