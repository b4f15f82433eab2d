"""Which notifications a completion sets off, and why one does not."""

from collections.abc import Iterable

from django.db.models import QuerySet

from notifications.matching.conditions import CONDITIONS
from notifications.matching.facts import Facts
from notifications.models import Completion, Notification

# What no condition asks for, and what makes a row large.
BULKY = ("to", "cc", "bcc", "reply_to", "subject_template", "text_template", "html_template", "template_error")


def matching_notifications(completion: Completion) -> list[Notification]:
    """By name. Asks the database only for what is enabled and of the right kind, and for the whole row if it fires."""
    candidates = without_bulk(Notification.objects.filter(enabled=True, kind=completion.kind))
    keys = [notification.pk for notification in firing(candidates, Facts(completion))]
    whole = Notification.objects.in_bulk(keys)
    return [whole[key] for key in keys if key in whole]


def without_bulk(notifications: QuerySet[Notification]) -> QuerySet[Notification]:
    return notifications.defer(*BULKY)


def firing(notifications: Iterable[Notification], facts: Facts) -> Iterable[Notification]:
    return (notification for notification in notifications if not objection_to(notification, facts))


def first_objection(notification: Notification, completion: Completion) -> str:
    """The first condition that says no, as a sentence; empty when the notification fires."""
    return objection_to(notification, Facts(completion))


def objection_to(notification: Notification, facts: Facts) -> str:
    """The same where many are asked about one completion, or one about many."""
    for condition in CONDITIONS:
        if objection := condition(notification, facts):
            return objection
    return ""
