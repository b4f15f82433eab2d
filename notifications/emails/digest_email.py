"""The one mail that tells of many completions: a digest, or what a throttle held back."""

from collections.abc import Sequence
from datetime import datetime

from notifications.emails.compose import compose
from notifications.emails.digest_summary import DigestSummary
from notifications.emails.frame import frame, left_out_notes
from notifications.emails.mail import Mail
from notifications.emails.recipients import recipients_of
from notifications.emails.render import render
from notifications.models import Completion, DigestEntry, Notification


def digest_mail(
    notification: Notification,
    completions: Sequence[Completion],
    reason: DigestEntry.Reason | str,
    window: tuple[datetime, datetime],
    now: datetime,
) -> Mail:
    """All of `completions` are counted; the first hundred, failures first, are listed. `window` is from and to.

    Asks the database for the listed ones' targets and for the recipients' addresses.
    """
    digest = DigestSummary(notification, completions, reason, window)
    recipients, left_out = recipients_of(notification)
    parts = render("digest", {"digest": digest, **frame(notification, left_out_notes(left_out))})
    return compose(digest.subject, recipients, parts, {"X-Mailadmin-Kind": "digest"}, now)
