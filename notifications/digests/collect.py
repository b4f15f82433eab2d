"""Whether a completion is told of at once, or kept for a mail of many."""

from datetime import datetime

from notifications.digests.schedule import due_at
from notifications.models import Completion, DigestEntry, Notification


def held_back(notification: Notification, completion: Completion, at: datetime) -> DigestEntry | None:
    """The entry that owes `completion` to a later mail; None when it deserves a mail now.

    Belongs into the transaction in which the completion was accepted.
    """
    if notification.digest:
        return keep(notification, completion, DigestEntry.Reason.DIGEST, due_at(notification, at))
    window_ends = notification.take_slot(at) if notification.throttle_count else None
    if window_ends is None:
        return None
    return keep(notification, completion, DigestEntry.Reason.THROTTLED, window_ends)


def keep(notification: Notification, completion: Completion, reason: DigestEntry.Reason, due: datetime) -> DigestEntry:
    return DigestEntry.objects.create(notification=notification, completion=completion, reason=reason, due_at=due)
