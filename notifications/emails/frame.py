"""What stands around every mail of a notification."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from notifications.emails.headers import one_line
from notifications.models import Notification


def frame(notification: Notification, left_out: Iterable[str], further: Iterable[str] = ()) -> dict[str, Any]:
    """For the templates: whose mail it is, and what its reader ought to know. `left_out` are sentences."""
    return {
        "notification": one_line(notification.name),
        "notifications_link": f"{settings.PUBLIC_URL}/notifications/",
        "notes": [*further, *(f"A recipient of this notification was left out: {sentence}" for sentence in left_out)],
    }
