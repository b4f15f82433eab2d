"""The mail that a notification owes for a completion."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from notifications.addresses import Address, parse_address
from notifications.emails.compose import Recipients, compose
from notifications.emails.headers import one_line
from notifications.emails.mail import Mail
from notifications.emails.render import render
from notifications.emails.summary import Summary
from notifications.models import Completion, Notification, TargetResult


def notification_mail(
    notification: Notification, completion: Completion, targets: Sequence[TargetResult], now: datetime
) -> Mail:
    summary = Summary(completion, targets)
    read = Typed()
    recipients = Recipients(
        to=read(notification.to),
        cc=read(notification.cc),
        bcc=read(notification.bcc),
        reply_to=read(notification.reply_to),
    )
    parts = render(
        "notification",
        {"summary": summary, "notification": one_line(notification.name), "left_out": read.refusals},
    )
    about = {"X-Mailadmin-Kind": "notification", "X-Mailadmin-Completion": str(completion.uuid)}
    return compose(summary.subject, recipients, parts, about, now)


class Typed:
    """Reads stored addresses. They were valid when saved; one that no longer is must not keep the others waiting."""

    def __init__(self) -> None:
        self.refusals: list[str] = []

    def __call__(self, texts: Sequence[str]) -> Iterator[Address]:
        for text in texts:
            try:
                yield parse_address(text)
            except ValueError as error:
                self.refusals.append(str(error))
