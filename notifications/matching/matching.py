"""Which notifications a completion sets off, and why one does not."""

from typing import cast

from notifications.matching.conditions import CONDITIONS
from notifications.matching.facts import Facts
from notifications.models import Completion, Notification

# What the conditions ask for. Whole rows of a thousand notifications would take longer to read than to judge.
ASKED_FOR = (
    *("id", "name", "enabled", "kind", "outcomes", "history", "still_failing_every"),
    *("min_failed_percent", "min_failed_targets", "longer_than_minutes"),
    *("name_glob", "package_glob", "version_glob", "schedule_glob", "source_glob", "user_glob", "target_glob"),
    *("days", "hours_from", "hours_until", "time_zone", "outside_hours"),
)


def matching_notifications(completion: Completion) -> list[Notification]:
    """By name. Asks the database only for what is enabled and of the right kind, and for the whole row if it fires."""
    facts = Facts(completion)
    rows = Notification.objects.filter(enabled=True, kind=completion.kind).values_list(*ASKED_FOR, named=True)
    # A row has the columns of a notification under their names, and no condition needs more.
    keys = [row.id for row in rows if not objection_to(cast(Notification, row), facts)]
    whole = Notification.objects.in_bulk(keys)
    return [whole[key] for key in keys if key in whole]


def first_objection(notification: Notification, completion: Completion) -> str:
    """The first condition that says no, as a sentence; empty when the notification fires."""
    return objection_to(notification, Facts(completion))


def objection_to(notification: Notification, facts: Facts) -> str:
    """The same where many are asked about one completion, or one about many."""
    for condition in CONDITIONS:
        if objection := condition(notification, facts):
            return objection
    return ""
