"""Which email finds out whether a hold is over.

The email that met the hold first may be the only one that the server rejects: one recipient outside on a relay that
serves the inside only. So a probe takes an email that differs, other recipients' domains first.
"""

from collections.abc import Callable
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet

from notifications.backends.base import Stage
from notifications.models import Attempt, HoldReason, MailServerState, Message, Recipient

# What is answered before a recipient is named is the same for every email.
BY_EMAIL = (Stage.RCPT, Stage.DATA, Stage.END_OF_DATA)
# Enough to find an email that differs; the whole queue may be long.
LOOKED_AT = 200


def next_probe(state: MailServerState, now: datetime) -> Message | None:
    """The email to try although the queue is on hold; None while none is due."""
    tried = Attempt.objects.filter(message=OuterRef("pk"), finished_at__gte=state.held_since)
    untried = list(Message.due(now).filter(~Exists(tried)).prefetch_related("recipients")[:LOOKED_AT])
    addresses = addresses_of(
        Message.objects.filter(Exists(tried)).order_by("-id").values_list("pk", flat=True)[:LOOKED_AT]
    )
    elsewhere = with_other(untried, {domain(address) for address in addresses}, domain)
    others = elsewhere or with_other(untried, addresses, str)
    quick = others if state.held_reason == HoldReason.REJECTED else elsewhere
    if quick is not None and state.held_stage in BY_EMAIL and state.take_quick_probe():
        return quick
    if state.take_probe(now):
        return others or next(iter(untried), None) or Message.due(now).first()
    return None


def addresses_of(messages: "QuerySet[Message, int]") -> set[str]:
    return set(Recipient.objects.filter(message__in=list(messages)).values_list("address", flat=True))


def with_other(messages: list[Message], met: set[str], part: Callable[[str], str]) -> Message | None:
    """The first email none of whose recipients, by that part of the address, met the hold."""
    for message in messages:
        if not met & {part(recipient.address) for recipient in message.recipients.all()}:
            return message
    return None


def domain(address: str) -> str:
    return address.rpartition("@")[2].lower()
