"""How a notification's conditions, limits and variables read on its pages."""

from django import template

from notifications.emails.variables import Kind, Variable
from notifications.emails.words import ordinal
from notifications.matching import hours_in_words
from notifications.models import Day, Digest, History, Notification, OutsideHours

register = template.Library()

GLOBS = ("package", "version", "schedule", "source", "user", "name", "target")


@register.filter
def insertion(variable: Variable, form: str = "") -> str:
    """What to write for it in a template; a list needs a loop, of which the `short` form is the begin."""
    if variable.kind is not Kind.LIST:
        return f"{{{{ {variable.name} }}}}"
    begin = f"{{% for target in {variable.name} %}}"
    line = "- {{ target.name }}: {{ target.detail }}"
    return begin if form else f"{begin}\n{line}\n{{% endfor %}}"


@register.filter
def conditions(notification: Notification) -> list[tuple[str, str]]:
    """Those that are set, outcomes aside: words, and the glob behind them if there is one."""
    globs = ((what.capitalize(), getattr(notification, f"{what}_glob")) for what in GLOBS)
    words = (history(notification), share(notification), duration(notification), hours(notification))
    return [(label, glob) for label, glob in globs if glob] + [(text, "") for text in words if text]


def history(notification: Notification) -> str:
    labels = [each.label.lower() for each in History if each in notification.history]
    every = notification.still_failing_every
    rhythm = f" (every {ordinal(every)})" if every > 1 and History.STILL_FAILING in notification.history else ""
    return " or ".join(labels).capitalize() + rhythm


def share(notification: Notification) -> str:
    percent, number = notification.min_failed_percent, notification.min_failed_targets
    limits = [f"{percent} %" if percent else "", f"{number:,} target{'s' * (number != 1)}" if number else ""]
    found = " or ".join(filter(None, limits))
    return f"At least {found} failed" if found else ""


def duration(notification: Notification) -> str:
    return f"Longer than {notification.longer_than_minutes:,} min" if notification.longer_than_minutes else ""


def hours(notification: Notification) -> str:
    if not (notification.days or notification.hours_from or notification.hours_until):
        return ""
    return hours_in_words(notification) + (", else none" if notification.outside_hours == OutsideHours.DROP else "")


@register.filter
def limit(notification: Notification) -> str:
    """Its digest or throttle, in a few words."""
    at = f"{notification.digest_at:%H:%M}" if notification.digest_at else "00:00"
    if notification.digest == Digest.MINUTES:
        return f"Digest every {notification.digest_minutes or 60:,} min"
    if notification.digest == Digest.HOURLY:
        return "Digest every hour"
    if notification.digest == Digest.DAILY:
        return f"Digest daily at {at}"
    if notification.digest == Digest.WEEKLY:
        return f"Digest on {Day(notification.digest_day or Day.MONDAY).label}s at {at}"
    if notification.throttle_count:
        return f"At most {notification.throttle_count:,} in {notification.throttle_minutes or 1:,} min"
    return ""
