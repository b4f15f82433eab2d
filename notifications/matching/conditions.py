"""The conditions of a notification, each a question that says no with a sentence."""

from collections.abc import Callable

from notifications.matching.globs import glob_matches
from notifications.models import Completion, Notification, Outcome

Condition = Callable[[Notification, Completion], str]


def enabled(notification: Notification, _: Completion) -> str:
    return "" if notification.enabled else "The notification is switched off."


def kind(notification: Notification, completion: Completion) -> str:
    if notification.kind == completion.kind:
        return ""
    return f"It is for the end of a {notification.kind}, and this was a {completion.kind}."


def outcomes(notification: Notification, completion: Completion) -> str:
    if not notification.outcomes or completion.outcome in notification.outcomes:
        return ""
    wanted = ", ".join(outcome.label for outcome in Outcome if outcome in notification.outcomes) or "no known outcome"
    return f"It is for the outcomes {wanted}; this one is {Outcome(completion.outcome).label}."


def package(notification: Notification, completion: Completion) -> str:
    return objection("package", notification.package_glob, completion.package)


def schedule(notification: Notification, completion: Completion) -> str:
    return objection("schedule", notification.schedule_glob, completion.schedule)


def source(notification: Notification, completion: Completion) -> str:
    return objection("source", notification.source_glob, completion.source)


def objection(what: str, glob: str, text: str) -> str:
    if glob_matches(glob, text):
        return ""
    return (
        f"Its {what} filter {glob} does not match {text}." if text else f"It wants a {what} like {glob}; none is named."
    )


# Cheap ones first; the order is also the order in which a person would look.
CONDITIONS: tuple[Condition, ...] = (enabled, kind, outcomes, package, schedule, source)
