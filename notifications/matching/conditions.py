"""The conditions of a notification, each a question that says no with a sentence."""

from collections.abc import Callable

from notifications.matching.facts import Facts
from notifications.matching.globs import glob_matches
from notifications.matching.history import history
from notifications.matching.hours import hours_in_words, opens_at
from notifications.models import Notification, Outcome, OutsideHours

Condition = Callable[[Notification, Facts], str]


def enabled(notification: Notification, _: Facts) -> str:
    return "" if notification.enabled else "The notification is switched off."


def kind(notification: Notification, facts: Facts) -> str:
    if notification.kind == facts.completion.kind:
        return ""
    return f"It is for the end of a {notification.kind}, and this was a {facts.completion.kind}."


def outcomes(notification: Notification, facts: Facts) -> str:
    if not notification.outcomes or facts.completion.outcome in notification.outcomes:
        return ""
    wanted = ", ".join(outcome.label for outcome in Outcome if outcome in notification.outcomes) or "no known outcome"
    return f"It is for the outcomes {wanted}; this one is {facts.outcome.label}."


def duration(notification: Notification, facts: Facts) -> str:
    least = notification.longer_than_minutes
    if least is None or (facts.minutes is not None and facts.minutes > least):
        return ""
    wanted = f"It is for what takes longer than {counted(least, 'minute')}"
    return f"{wanted}; " + ("how long this took is not known." if facts.minutes is None else took(facts.minutes))


def took(minutes: float) -> str:
    return "this took less than one." if minutes < 1 else f"this took {counted(int(minutes), 'minute')}."


def hours(notification: Notification, facts: Facts) -> str:
    """Those that only wait for their hours have nothing against it."""
    if notification.outside_hours != OutsideHours.DROP or not opens_at(notification, facts.at):
        return ""
    return (
        f"It came outside the hours of this notification ({hours_in_words(notification)}), and then it sends no mail."
    )


def glob_on(what: str) -> Condition:
    column = f"{what}_glob"

    def condition(notification: Notification, facts: Facts) -> str:
        glob: str = getattr(notification, column)
        return objection(what, glob, getattr(facts.completion, what)) if glob else ""

    return condition


def objection(what: str, glob: str, text: str) -> str:
    if glob_matches(glob, text):
        return ""
    return (
        f"Its {what} filter {glob} does not match {text}." if text else f"It wants a {what} like {glob}; none is named."
    )


def failed_targets(notification: Notification, facts: Facts) -> str:
    """Of a share and a number, either is enough."""
    percent, number = notification.min_failed_percent, notification.min_failed_targets
    if percent is None and number is None:
        return ""
    if percent is not None and facts.total and facts.failed * 100 >= percent * facts.total:
        return ""
    if number is not None and facts.failed >= number:
        return ""
    limits = (f"{percent} % of the targets" if percent else "", counted(number, "target") if number else "")
    found = f"{facts.failed:,} of {facts.total:,} failed" if facts.total else "no targets were reported"
    return f"It wants at least {' or '.join(filter(None, limits))} to fail; {found}."


def target(notification: Notification, facts: Facts) -> str:
    glob = notification.target_glob
    if not glob or facts.names.any_matches(glob):
        return ""
    found = f"of {counted(facts.total, 'target')} none is named so" if facts.total else "no targets were reported"
    return f"It wants a target like {glob}; {found}."


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


# Cheap ones first: most notifications are out before a name is compared, and few make anybody read the targets.
CONDITIONS: tuple[Condition, ...] = (
    *(enabled, kind, outcomes, history, duration),
    *map(glob_on, ("source", "package", "version", "schedule", "user", "name")),
    *(hours, failed_targets, target),
)
