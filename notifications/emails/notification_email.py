"""The mail that a notification owes for a completion."""

from collections.abc import Sequence
from datetime import datetime

from notifications.emails.compose import compose
from notifications.emails.frame import frame
from notifications.emails.mail import Mail
from notifications.emails.recipients import recipients_of
from notifications.emails.render import render
from notifications.emails.summary import Summary
from notifications.models import Completion, Notification, TargetResult


def notification_mail(
    notification: Notification, completion: Completion, targets: Sequence[TargetResult], now: datetime
) -> Mail:
    summary = Summary(completion, targets)
    recipients, left_out = recipients_of(notification)
    parts = render("notification", {"summary": summary, **frame(notification, left_out)})
    about = {"X-Mailadmin-Kind": "notification", "X-Mailadmin-Completion": str(completion.uuid)}
    return compose(summary.subject, recipients, parts, about, now)
