"""What a try means: for its recipients, its mail and the mail server's state, in one transaction."""

import logging
from dataclasses import dataclass, replace
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from notifications.backends.base import BackendError, Fault, Reply, Results
from notifications.backends.smtp_replies import is_relay_denied
from notifications.backends.trace import Trace, printable
from notifications.delivery.claim import Claim
from notifications.delivery.retry import next_delay
from notifications.models import Attempt, HoldReason, MailServerSettings, MailServerState, Message, Recipient

logger = logging.getLogger(__name__)

# Where the server named no time.
PAUSE = timedelta(seconds=30)
SHORTEST_PAUSE = timedelta(seconds=1)
LONGEST_PAUSE = timedelta(hours=1)


@dataclass(frozen=True)
class Tried:
    """How a try ended: `error` is None when the server answered for every recipient."""

    results: Results
    error: BackendError | None
    trace: Trace


@transaction.atomic
def record(claim: Claim, tried: Tried) -> bool:
    """Write down what happened; False, and nothing written, when the lease was lost to the sweep."""
    # State first, as claim() does: two transactions that lock in the same order cannot wait for each other.
    state = MailServerState.lock()
    tried = reconsidered(claim, tried)
    recipients = [r for r in claim.message.recipients.all() if r.outcome in Recipient.OPEN]
    apply(tried, recipients)
    reply = deciding_reply(tried, recipients)
    text = printable(tried.trace.mask(reply.text))
    outcome = outcome_of(tried, recipients)
    if not claim.attempt.finish(outcome, reply.codes, text, str(tried.trace), printable(reply.reference)):
        logger.warning("mail %s: the lease was over before the try was", claim.message.uuid)
        return False
    Recipient.save_outcomes(recipients)
    conclude(claim, tried, recipients)
    if not claim.is_draft:
        learn(claim, tried, state)
    return True


def reconsidered(claim: Claim, tried: Tried) -> Tried:
    """A server that relayed with these values before refuses the recipients, not us: that holds no other mail."""
    error = tried.error
    if error is None or error.fault is not Fault.CONFIGURATION or not is_relay_denied(error.reply):
        return tried
    version = claim.attempt.settings_version
    if claim.is_draft or not Attempt.objects.filter(settings_version=version, outcome__in=Attempt.GOOD).exists():
        return tried
    return replace(tried, error=BackendError(Fault.PERMANENT, error.reply, results=error.results))


def apply(tried: Tried, recipients: list[Recipient]) -> None:
    """Give each recipient its outcome; an error that concerns the whole mail is everybody's who has none."""
    for recipient in recipients:
        result = tried.results.get(recipient.address)
        reply, fault = (result.reply, result.fault) if result else everybodys(tried.error)
        text = printable(tried.trace.mask(reply.text))
        if result and fault is None:
            recipient.record(Recipient.Outcome.ACCEPTED, reply.codes, text)
        elif fault is Fault.PERMANENT:
            recipient.record(Recipient.Outcome.REFUSED, reply.codes, text)
        elif fault in (Fault.TRANSIENT, Fault.QUOTA):
            recipient.record(Recipient.Outcome.DEFERRED, reply.codes, text)


def everybodys(error: BackendError | None) -> tuple[Reply, Fault | None]:
    return (error.reply, error.fault) if error else (Reply(), None)


def deciding_reply(tried: Tried, recipients: list[Recipient]) -> Reply:
    """The error's reply; else the first refusal; else what the server said when it took the mail."""
    if tried.error:
        return tried.error.reply
    worst_first = sorted(tried.results.values(), key=lambda r: (r.fault is None, r.fault is not Fault.PERMANENT))
    return worst_first[0].reply if worst_first else Reply(text=f"no answer for {len(recipients)} recipients")


def outcome_of(tried: Tried, recipients: list[Recipient]) -> Attempt.Outcome:
    accepted = any(result.fault is None for result in tried.results.values())
    if tried.error and tried.error.fault.holds:
        return Attempt.Outcome.CONFIGURATION
    if tried.error and tried.error.fault is Fault.AMBIGUOUS:
        return Attempt.Outcome.AMBIGUOUS
    if all(recipient.outcome == Recipient.Outcome.ACCEPTED for recipient in recipients):
        return Attempt.Outcome.ACCEPTED
    if accepted:
        return Attempt.Outcome.PARTIAL
    if any(recipient.outcome in Recipient.OPEN for recipient in recipients):
        return Attempt.Outcome.DEFERRED
    return Attempt.Outcome.REFUSED


def conclude(claim: Claim, tried: Tried, recipients: list[Recipient]) -> None:
    """Move the mail on: finished, or queued for a next try."""
    message = claim.message
    waiting = [recipient for recipient in recipients if recipient.outcome in Recipient.OPEN]
    if not waiting:
        message.settle()
    elif message.kind == Message.Kind.TEST:
        # Whoever tests is looking at the page now.
        message.fail()
    elif tried.error and tried.error.fault.holds:
        message.requeue(timezone.now())
    else:
        try_later(message, tried, waiting)


def try_later(message: Message, tried: Tried, waiting: list[Recipient]) -> None:
    real = message.attempts.exclude(outcome=Attempt.Outcome.CONFIGURATION)
    now = timezone.now()
    first = real.order_by("number").first()
    age = now - first.started_at if first else timedelta()
    retry_after = tried.error.reply.retry_after if tried.error else None
    delay = next_delay(fault_for(tried, waiting), real.count(), age, retry_after)
    if delay is None:
        message.expire()
    else:
        message.requeue(now + delay)


def fault_for(tried: Tried, waiting: list[Recipient]) -> Fault:
    """The fault that decides when: a daily limit only if nobody else waits for something quicker."""
    if tried.error:
        return tried.error.fault
    faults = {tried.results[recipient.address].fault for recipient in waiting if recipient.address in tried.results}
    return Fault.QUOTA if faults == {Fault.QUOTA} else Fault.TRANSIENT


def learn(claim: Claim, tried: Tried, state: MailServerState) -> None:
    """What this try says about the mail server for everybody."""
    error, now = tried.error, timezone.now()
    if error and error.fault.holds:
        # An old version's fault is no news about the values that were saved meanwhile.
        if claim.attempt.settings_version == MailServerSettings.load().version:
            state.hold(HoldReason(error.fault.value), error.reply.codes, printable(tried.trace.mask(error.reply.text)))
    elif error and error.fault in (Fault.UNREACHABLE, Fault.THROTTLED):
        state.pause(now + pause_asked(error.reply), said(tried, error.reply))
    elif any(result.reply.code for result in tried.results.values()):
        # What our own gate refused says nothing about the server.
        if state.is_held or state.paused_since:
            state.release()
        slow_down(tried, state)


def slow_down(tried: Tried, state: MailServerState) -> None:
    """An acceptance may ask for a pause too: Graph answers 202 with a Retry-After when it is busy."""
    asked = [result.reply for result in tried.results.values() if result.reply.retry_after is not None]
    if asked:
        state.pause(timezone.now() + pause_asked(asked[0]), said(tried, asked[0]))


def pause_asked(reply: Reply) -> timedelta:
    """The server knows best, within reason: some say 10^9 seconds, some a negative number."""
    if reply.retry_after is None:
        return PAUSE
    return min(max(reply.retry_after, SHORTEST_PAUSE), LONGEST_PAUSE)


def said(tried: Tried, reply: Reply) -> str:
    return printable(tried.trace.mask(f"{reply.codes} {reply.text}".strip()))
