"""What stands around every mail of a notification."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings

from notifications.emails.headers import one_line
from notifications.models import Notification


def frame(notification: Notification, notes: Iterable[str]) -> dict[str, Any]:
    """For the templates: whose mail it is, and sentences that its reader ought to have."""
    return {
        "notification": one_line(notification.name),
        "notifications_link": f"{settings.PUBLIC_URL}/notifications/",
        "notes": list(notes),
    }


def left_out_notes(left_out: Iterable[str]) -> list[str]:
    return [f"A recipient of this notification was left out: {sentence}" for sentence in left_out]
