"""The mail that goes out when the designed one cannot be made: plain, with the facts and with what went wrong."""

from collections.abc import Iterable
from datetime import datetime

from notifications.addresses import Address, parse_address
from notifications.emails.compose import Recipients, compose
from notifications.emails.mail import Mail
from notifications.emails.render import Parts
from notifications.models import Completion, Notification


def makeshift_mail(notification: Notification, completion: Completion, error: Exception, now: datetime) -> Mail:
    """Addresses that cannot be used are left out; a mail without any is for the caller to show as failed."""
    recipients = Recipients(
        to=usable(notification.to),
        cc=usable(notification.cc),
        bcc=usable(notification.bcc),
        reply_to=usable(notification.reply_to),
    )
    subject = f"{completion.get_outcome_display()}: {completion.name}"
    return compose(subject, recipients, Parts(text(notification, completion, error)), {}, now)


def usable(typed: Iterable[object]) -> tuple[Address, ...]:
    return tuple(address for text in typed if (address := parsed(str(text))))


def parsed(text: str) -> Address | None:
    try:
        return parse_address(text)
    except ValueError:
        return None


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
