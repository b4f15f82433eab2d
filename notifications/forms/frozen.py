"""Forms for people who may read them, not change them."""

from collections.abc import Container

from django.forms import BaseForm, BooleanField


def freeze(form: BaseForm, *, but: Container[str] = ()) -> None:
    """Let it show and check what is saved whatever a browser posts; fields in `but` stay open."""
    for name, field in form.fields.items():
        if name in but:
            continue
        field.disabled = True
        if isinstance(field, BooleanField):
            # Checked as if it had come from a file, where a switch without a value is none.
            form.initial.setdefault(name, bool(field.initial))
