"""The filters of the template language. What is missing is missing on purpose: `safe` would let reported text write
HTML, `ljust` and its like make a gigabyte out of one letter."""

from datetime import datetime
from typing import Any

from django.template import Library, defaultfilters
from django.utils import dateformat
from django.utils.html import conditional_escape
from django.utils.safestring import mark_safe

from notifications.emails.words import localised

register = Library()
PLACES = 6
for harmless in (
    defaultfilters.upper,
    defaultfilters.lower,
    defaultfilters.title,
    defaultfilters.capfirst,
    defaultfilters.default,
    defaultfilters.default_if_none,
    defaultfilters.length,
    defaultfilters.truncatechars,
    defaultfilters.truncatewords,
    defaultfilters.pluralize,
    defaultfilters.yesno,
    defaultfilters.linebreaksbr,
):
    register.filter(harmless)
# What makes something of a list.
OF_LISTS = ("length", "join", "first", "last", "yesno", "pluralize")


class Moment(str):
    """Reads as text already, and remembers the time for another form of it."""

    at: datetime | None = None

    @classmethod
    def of(cls, text: str, at: datetime | None) -> "Moment":
        moment = cls(text)
        moment.at = at
        return moment


@register.filter
def date(value: Any, form: str = "j M Y") -> str:
    return formatted(value, form)


@register.filter
def time(value: Any, form: str = "H:i") -> str:
    return formatted(value, form)


def formatted(value: Any, form: str) -> str:
    if not isinstance(value, Moment) or value.at is None:
        return ""
    return dateformat.format(localised(value.at), str(form))


@register.filter
def floatformat(value: Any, places: Any = -1) -> Any:
    """Places beyond a few are somebody's attempt to have a million noughts written."""
    if not isinstance(value, int | float):
        return value
    number = str(places).strip("+-")
    known = number.isdecimal() and int(number) <= PLACES
    return defaultfilters.floatformat(value, places if known else -1)


@register.filter(is_safe=True, needs_autoescape=True)
def join(values: Any, separator: Any = ", ", autoescape: bool = True) -> str:
    """Of targets: their names."""
    texts = [str(value) for value in values] if isinstance(values, list) else [str(values)]
    if not autoescape:
        return str(separator).join(texts)
    return mark_safe(conditional_escape(separator).join(map(conditional_escape, texts)))  # noqa: S308  # escaped right here


@register.filter
def first(values: Any) -> Any:
    return values[0] if values else ""


@register.filter
def last(values: Any) -> Any:
    return values[-1] if values else ""
