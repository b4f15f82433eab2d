"""How the mails of a notification read."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from notifications.emails import language
from notifications.forms.fields import PlainTextField, SwitchField

HOW_FIELDS = ("subject_template", "text_template", "html_template", "attach_csv", "attach_html")


class TemplateField(PlainTextField):
    """A template of the mails' own language; a browser's line ends become those of a file."""

    def __init__(self, kind: language.Field, **options: Any) -> None:
        super().__init__(**{"required": False, "strip": kind is language.Field.SUBJECT, **options})
        self.kind = kind

    def to_python(self, value: Any) -> str:
        text = super().to_python(value).replace("\r\n", "\n").replace("\r", "\n")
        return text if text.strip() else ""

    def validate(self, value: str) -> None:
        super().validate(value)
        problems = language.check(self.kind, value) if value else []
        one_line = self.kind is language.Field.SUBJECT
        if problems:
            raise ValidationError([sentence if one_line else f"Line {line}: {sentence}" for line, sentence in problems])


def editor(rows: int) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, "class": "mono", "spellcheck": "false", "autocapitalize": "off"})


class HowPart(forms.Form):
    subject_template = TemplateField(
        language.Field.SUBJECT,
        label="Subject",
        help_text="Blank: the default. A digest has a subject of its own.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "class": "mono"}),
    )
    text_template = TemplateField(
        language.Field.TEXT, label="Text", help_text="Blank: the default.", widget=editor(rows=10)
    )
    html_template = TemplateField(
        language.Field.HTML, label="HTML", help_text="Blank: made from the text.", widget=editor(rows=14)
    )
    attach_csv = SwitchField(label="Attach all targets as a table (CSV)")
    attach_html = SwitchField(label="Attach all targets as a page (HTML)")
