"""The mail that goes out when the designed one cannot be made: plain, with the facts and with what went wrong."""

from datetime import datetime

from notifications.emails.compose import compose
from notifications.emails.mail import Mail
from notifications.emails.recipients import recipients_of
from notifications.emails.render import Parts
from notifications.models import Completion, Notification


def makeshift_mail(notification: Notification, completion: Completion, error: Exception, now: datetime) -> Mail:
    """Recipients that cannot be used are left out; a mail without any is for the caller to show as failed."""
    recipients, _ = recipients_of(notification)
    subject = f"{completion.get_outcome_display()}: {completion.name}"
    return compose(subject, recipients, Parts(text(notification, completion, error)), {}, now)


def text(notification: Notification, completion: Completion, error: Exception) -> str:
    facts = {
        "Name": completion.name,
        "Outcome": completion.get_outcome_display(),
        "Package": f"{completion.package} {completion.version}".strip(),
        "Schedule": completion.schedule,
        "Source": f"{completion.source}, {completion.external_id}",
        "Link": completion.url,
    }
    lines = [f"{name}: {fact}" for name, fact in facts.items() if fact]
    excuse = (
        f"This mail of the notification “{notification.name}” is so short because its usual form could not be made "
        f"({type(error).__name__}). All targets are listed in the panel under Reports > Completions."
    )
    return "\n".join([*lines, "", excuse, ""])
