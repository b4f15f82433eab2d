"""What notifications would do, tried on completions that really came in. Nothing is stored, and nothing is sent."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta

from notifications.digests.schedule import due_at
from notifications.matching import Facts, facts_of, objection_to, opens_at, zone_of
from notifications.models import Completion, Notification

LAST = 50


@dataclass(frozen=True)
class Verdict:
    """`objection` is the first condition that says no; `then` what follows where none does: one of them is empty."""

    notification: Notification
    completion: Completion
    objection: str
    then: str

    @property
    def fires(self) -> bool:
        return not self.objection


@dataclass(frozen=True)
class Rehearsal:
    """One notification on what came last, newest first."""

    verdicts: Sequence[Verdict]
    mail_count: int

    @property
    def fired(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.fires]

    def __str__(self) -> str:
        if not self.verdicts:
            return "Nothing of this kind was reported yet, so there is nothing to try it on."
        told = f"Would have told of {len(self.fired)} of the last {len(self.verdicts)}"
        kind = f"{self.verdicts[0].completion.kind}{'s' if len(self.verdicts) > 1 else ''}"
        mails = f", in {self.mail_count} mail{'s' if self.mail_count > 1 else ''}" if self.fired else ""
        return f"{told} {kind}{mails}."


def verdicts_on(completion: Completion) -> list[Verdict]:
    """Of every notification, by name."""
    facts = Facts(completion)
    return [verdict(notification, facts) for notification in Notification.objects.order_by("name")]


def rehearse(notification: Notification, last: int = LAST) -> Rehearsal:
    """`notification` may be unsaved, and counts as switched on: the question is what it would do."""
    switched_on = copy(notification)
    switched_on.enabled = True
    completions = Completion.objects.filter(kind=notification.kind).order_by("-pk")[:last]
    verdicts = [verdict(switched_on, facts) for facts in facts_of(list(completions))]
    received = [verdict.completion.received_at for verdict in reversed(verdicts) if verdict.fires]
    return Rehearsal(verdicts, mail_count(switched_on, received))


def verdict(notification: Notification, facts: Facts) -> Verdict:
    objection = objection_to(notification, facts)
    then = "" if objection else what_follows(notification, facts.at)
    return Verdict(notification, facts.completion, objection, then)


def what_follows(notification: Notification, at: datetime) -> str:
    if notification.digest:
        due = due_at(notification, at)
        opening = opens_at(notification, due)
        waits = f" It waits until {said(opening, notification)}, when the hours begin." if opening else ""
        return f"Collected for the digest of {said(due, notification)}.{waits}"
    opening = opens_at(notification, at)
    mails = f"Waits until {said(opening, notification)}, when the hours begin." if opening else "Mails at once."
    if not notification.throttle_count:
        return mails
    return (
        f"{mails} After {notification.throttle_count:,} in {notification.throttle_minutes:,} minutes, "
        "the rest is told of in one mail."
    )


def said(at: datetime, notification: Notification) -> str:
    """`Mon 23 Nov 2026, 08:00 CET`"""
    return f"{at.astimezone(zone_of(notification)):%a %d %b %Y, %H:%M %Z}"


def mail_count(notification: Notification, received: Sequence[datetime]) -> int:
    """`received`: when those came that it fires for, oldest first."""
    if notification.digest:
        return len({due_at(notification, at) for at in received})
    if not notification.throttle_count:
        return len(received)
    mails, begin, in_window = 0, None, 0
    for at in received:
        if begin is None or at >= begin + timedelta(minutes=notification.throttle_minutes or 1):
            begin, in_window = at, 0
        in_window += 1
        # One more than may go is the mail with the rest; those after it stand in it.
        mails += in_window <= notification.throttle_count + 1
    return mails
