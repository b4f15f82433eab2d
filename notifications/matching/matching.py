"""Which notifications a completion sets off, and why one does not."""

from notifications.matching.conditions import CONDITIONS
from notifications.models import Completion, Notification


def matching_notifications(completion: Completion) -> list[Notification]:
    """By name. Asks the database only for what is enabled and of the right kind."""
    candidates = Notification.objects.filter(enabled=True, kind=completion.kind)
    return [notification for notification in candidates if not first_objection(notification, completion)]


def first_objection(notification: Notification, completion: Completion) -> str:
    """The first condition that says no, as a sentence; empty when the notification fires."""
    objections = (condition(notification, completion) for condition in CONDITIONS)
    return next(filter(None, objections), "")
