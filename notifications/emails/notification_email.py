"""The mail that a notification owes for a completion."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from notifications.emails.compose import compose
from notifications.emails.frame import frame, left_out_notes
from notifications.emails.mail import Mail
from notifications.emails.own_words import OwnWords, own_words
from notifications.emails.recipients import recipients_of
from notifications.emails.render import Parts, render
from notifications.emails.report_attachments import report_attachments
from notifications.emails.summary import Summary
from notifications.emails.values import template_values
from notifications.models import Completion, Notification, TargetResult


def notification_mail(
    notification: Notification, completion: Completion, targets: Sequence[TargetResult], now: datetime
) -> Mail:
    """In the notification's own words; by default, or when they cannot be used, in ours."""
    summary = Summary(completion, targets)
    recipients, left_out = recipients_of(notification)
    notes = left_out_notes(left_out)
    own = words_of(notification, summary, notes)
    parts = own.parts or default_parts(notification, summary, [*excuses(own.fault), *notes])
    about = {"X-Mailadmin-Kind": "notification", "X-Mailadmin-Completion": str(completion.uuid)}
    attached = report_attachments(notification, summary)
    mail = compose(own.subject or summary.subject, recipients, parts, about, now, attached)
    return replace(mail, template_error=own.fault)


def words_of(notification: Notification, summary: Summary, notes: Sequence[str]) -> OwnWords:
    if not (notification.subject_template or notification.text_template or notification.html_template):
        return OwnWords()
    return own_words(notification, template_values(notification, summary), notes)


def default_parts(notification: Notification, summary: Summary, notes: Sequence[str]) -> Parts:
    return render("notification", {"summary": summary, **frame(notification, notes)})


def excuses(fault: str) -> list[str]:
    return [f"This mail has the default form, because the notification's own could not be made. {fault}"] * bool(fault)
