"""Graph mode while everything goes wrong: faults on every kind of request, and workers that are killed meanwhile."""

import random
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP

from django.db import transaction
from django.utils import timezone

from notifications.delivery import outbox
from notifications.delivery.sweep import sweep
from notifications.emails.mail import Mail
from notifications.models import AppToken, Attempt, MailServerState, Message, Recipient
from tests import base
from tests.crew import Crew
from tests.graph.faults import Fault, cut_after, cut_before, cut_within, failing, slowed, throttled
from tests.graph.mailbox import Folder
from tests.graph_stand_in import GraphStandIn

FAULTS = (
    *(cut_before(), cut_after(), cut_within()),
    *(failing(503), failing(503, after=True), failing(503, retry_after="1"), failing(503, after=True, retry_after="1")),
    *(failing(504), failing(504, after=True)),
    *(throttled("1"), slowed("1")),
)
# What the faults ask for, and the half minute for which a draft that was to be sent is left alone, are waited for;
# not the minutes of the engine's own steps.
LONGEST_PAUSE, LONGEST_WAIT = timedelta(seconds=2), timedelta(seconds=35)
# For so long a mail that is out still looks like a draft, which would go out again if it were sent.
SETTLING_SECONDS = 3.0
LOOK_EVERY = 0.5
# The second is too large for one request with the mail, the first is added to the draft by itself.
LARGE, SMALL = 3_200_000, 40_000


@dataclass(frozen=True)
class Toll:
    """What it came to. `copies`: how often a recipient got a mail again; `drafts`: what is left in the mailbox."""

    mails: int
    deliveries: int
    lost: int
    copies: int
    kills: int
    faults: Counter[str]
    attempts: Counter[str]
    drafts: int
    seconds: float


def queue(count: int, *, large: int = 0) -> list[Message]:
    """Mails to one or two people each, the first `large` of them with attachments of more than 3 MB in all."""
    mails = [outbox.put(large_mail(), Message.Kind.NOTIFICATION) for _ in range(large)]
    for number in range(count - large):
        to = ("ops@peer.test", "oncall@peer.test")[: 1 + number % 2]
        mails.append(base.a_message(*to))
    return mails


def large_mail() -> Mail:
    small = base.a_mail()
    content = EmailMessage(policy=SMTP)
    content["To"], content["Subject"] = "ops@peer.test", small.subject
    content["Message-ID"], content["Date"] = small.internet_message_id, timezone.now()
    content.set_content("Two reports.\n", cte="7bit")
    for name, size in (("small.bin", SMALL), ("large.bin", LARGE)):
        content.add_attachment(bytes(size), "application", "octet-stream", filename=name)
    return Mail(small.subject, small.internet_message_id, (("ops@peer.test", Recipient.Field.TO),), bytes(content))


def burn(
    graph: GraphStandIn, crew: Crew, *, kills: int, seed: int, share: float, patience: float, faults: Iterable[Fault]
) -> Toll:
    """Send what is queued: a `share` of all requests meet a fault, and so many `kills` come at random moments."""
    chance = random.Random(seed)
    mails = Message.objects.count()
    moments = sorted(chance.sample(range(1, mails), kills))
    graph.at_random(share, faults, seed=seed)
    graph.store.settling_seconds = SETTLING_SECONDS
    began = time.monotonic()
    looked = 0.0
    while True:
        if moments and len(graph.store.deliveries) >= moments[0]:
            moments.pop(0)
            crew.kill_one(chance)
        if time.monotonic() - looked > LOOK_EVERY:
            looked = time.monotonic()
            if not hurry(crew):
                return toll(graph, crew, time.monotonic() - began)
        assert time.monotonic() - began < patience, f"{states()} after {patience} s"
        time.sleep(chance.uniform(0.005, 0.03))


def hurry(crew: Crew) -> bool:
    """What would be waited for by the minute is due at once. Whether anything still is to be sent."""
    crew.look_after()
    crew.bury()
    sweep()
    if AppToken.load().retry_at:
        AppToken.forget()
    with transaction.atomic():
        state = MailServerState.lock()
        assert not state.is_held, f"held: {state.held_reason} {state.held_code} {state.held_text}"
        if state.paused_until and state.paused_until > timezone.now() + LONGEST_PAUSE:
            state.release()
    queued = Message.objects.filter(state=Message.State.QUEUED)
    queued.filter(next_attempt_at__gt=timezone.now() + LONGEST_WAIT).update(next_attempt_at=timezone.now())
    crew.hint()
    return Message.objects.filter(state__in=Message.OPEN).exists()


def states() -> dict[str, int]:
    return Counter(Message.objects.values_list("state", flat=True))


def toll(graph: GraphStandIn, crew: Crew, seconds: float) -> Toll:
    wanted = set(Recipient.objects.values_list("message__internet_message_id", "address"))
    graph.store.settle()
    got = Counter((mail.message_id, to) for mail in graph.deliveries for to in mail.recipients)
    return Toll(
        mails=Message.objects.count(),
        deliveries=len(graph.deliveries),
        lost=len(wanted - set(got)),
        copies=sum(got.values()) - len(got),
        kills=crew.kills,
        faults=Counter(name for _, name in graph.faults.happened),
        attempts=Counter(Attempt.objects.values_list("outcome", flat=True)),
        drafts=len(graph.store.folder(Folder.DRAFTS)),
        seconds=seconds,
    )


def unexplained_copies(graph: GraphStandIn) -> dict[str, int]:
    """The mails that came more often than their ambiguous attempts can tell."""
    times = Counter(mail.message_id for mail in graph.deliveries)
    ambiguous = Counter(
        Attempt.objects.filter(outcome=Attempt.Outcome.AMBIGUOUS).values_list("message__internet_message_id", flat=True)
    )
    return {mail: count for mail, count in times.items() if count - 1 > ambiguous[mail]}
