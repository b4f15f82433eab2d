"""The filters of the template language. What is missing is missing on purpose: `safe` would let reported text write
HTML, `ljust` and its like make a gigabyte out of one letter."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.template import Library, defaultfilters
from django.utils import dateformat
from django.utils.html import conditional_escape
from django.utils.safestring import mark_safe

from notifications.emails.budget import TooMuch, check_value
from notifications.emails.words import localised

register = Library()
PLACES = 6
# Of a date: a letter becomes up to nine, and takes far longer than one of a text.
FORM_LIMIT = 500


def capped(function: Callable[..., Any]) -> Callable[..., Any]:
    """Refuse a result that is too long. A filter makes at most six times as much of what it is given."""

    @wraps(function)
    def filtered(*arguments: Any, **options: Any) -> Any:
        result = function(*arguments, **options)
        if isinstance(result, str):
            check_value(len(result))
        return result

    return filtered


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
    register.filter(harmless.__name__, capped(harmless))
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
    if len(str(form)) > FORM_LIMIT:
        raise TooMuch(f"The form of a date has more than {FORM_LIMIT} characters.")
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
        return joined(str(separator), texts)
    return mark_safe(joined(conditional_escape(separator), list(map(conditional_escape, texts))))  # noqa: S308  # escaped right here


def joined(separator: str, texts: list[str]) -> str:
    """Measured first: a long separator between a hundred names, joined once more, was 442 MB."""
    check_value(sum(map(len, texts)) + len(separator) * (len(texts) - 1))
    return separator.join(texts)


@register.filter
def first(values: Any) -> Any:
    return values[0] if values else ""


@register.filter
def last(values: Any) -> Any:
    return values[-1] if values else ""
