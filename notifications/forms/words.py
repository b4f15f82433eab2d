"""What a field says of a wrong value when it has no sentence of its own: the house's words in place of Django's.

Django's own forms, for accounts and passwords, make their fields themselves; so the words are given to the kinds of
fields, once, when the panel starts.
"""

from django import forms

WORDS: dict[type[forms.Field], dict[str, str]] = {
    forms.Field: {
        "required": "This must not be empty.",
        "max_length": "This has %(show_value)d characters; %(limit_value)d is the most.",
        "min_value": "Give %(limit_value)s or more.",
        "max_value": "Give %(limit_value)s or less.",
        "null_characters_not_allowed": "Use plain characters: this contains a NUL.",
    },
    forms.IntegerField: {"invalid": "Give a whole number."},
    forms.DateField: {"invalid": "Give a day as year-month-day: 2027-05-01."},
    forms.TimeField: {"invalid": "Give hours and minutes, such as 08:30."},
    forms.DateTimeField: {"invalid": "Give a day and a time as 2027-05-01 08:30."},
    forms.ChoiceField: {"invalid_choice": "“%(value)s” is not one of the choices. Choose one that is listed."},
    forms.UUIDField: {"invalid": "This is no UUID."},
    forms.MultipleChoiceField: {
        "invalid_choice": "“%(value)s” is not one of the choices. Choose among those that are listed.",
        "invalid_list": "Give a list.",
    },
}


def speak() -> None:
    for kind, words in WORDS.items():
        kind.default_error_messages = {**kind.default_error_messages, **words}
