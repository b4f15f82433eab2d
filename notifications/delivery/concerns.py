"""Whom a rejection concerns: this recipient, this email, or every email.

No list of words is complete, so other emails decide. A rejection that every email would meet holds the queue: failing
one email after the other would lose them all.
"""

from dataclasses import replace

from django.db.models import Q

from notifications.backends.base import Fault, RecipientResult, Stage
from notifications.delivery.result import Failure, SendResult
from notifications.models import Attempt, MailServerState, Message

# So many different emails in a row, rejected whole, are no coincidence.
REJECTED_IN_A_ROW = 3
FINAL = (Fault.PERMANENT, Fault.RECIPIENT, Fault.UNCLEAR)


def reclassify(attempt: Attempt, result: SendResult, state: MailServerState) -> SendResult:
    """Return `result` with every fault decided that depends on other emails.

    Call it while `state` is locked; it may be changed.
    """
    if any(each.fault is None for each in result.results.values()):
        # The server accepted the email for others, so what it rejected are these recipients.
        return replace(result, results={to: as_recipients_own(each) for to, each in result.results.items()})
    failure = holding(result)
    if failure is not None:
        if not concerns_this_email_alone(attempt, failure, state):
            return replace(result, results={}, failure=failure)
        # Unless the same happens to one email after the other.
        result = as_emails_own(result)
    if is_rejected_whole(result):
        return rejected_whole(attempt, result, state)
    return result


def holding(result: SendResult) -> Failure | None:
    """The first fault that would hold the queue; at RCPT a transport reports it for one recipient."""
    if result.failure is not None:
        return result.failure if result.failure.fault.holds else None
    for each in result.results.values():
        if each.fault is not None and each.fault.holds:
            return Failure(each.fault, each.reply, each.stage)
    return None


def concerns_this_email_alone(attempt: Attempt, failure: Failure, state: MailServerState) -> bool:
    """Whether other emails were accepted with the same settings where this one was not."""
    if failure.stage not in (Stage.RCPT, Stage.DATA, Stage.END_OF_DATA) or not attempt.settings_version:
        return False
    # A server that has relayed for us before refuses this recipient; a sender or account may well be new to it.
    if failure.fault is Fault.RELAY and state.worked_version == attempt.settings_version:
        return True
    earlier = attempt.message.attempts.filter(
        outcome=Attempt.Outcome.CONFIGURATION, settings_version=attempt.settings_version
    )
    first = earlier.order_by("number").first()
    return first is not None and accepted_since(first)


def accepted_since(earlier: Attempt) -> bool:
    """Whether the server accepted another email after `earlier`, with the same settings."""
    others = Attempt.objects.filter(started_at__gte=earlier.started_at, settings_version=earlier.settings_version)
    return others.filter(outcome__in=Attempt.GOOD).exclude(message=earlier.message_id).exists()


def is_rejected_whole(result: SendResult) -> bool:
    if result.failure is not None:
        return result.failure.fault in FINAL
    return bool(result.results) and all(each.fault in FINAL for each in result.results.values())


def rejected_whole(attempt: Attempt, result: SendResult, state: MailServerState) -> SendResult:
    faults = {each.fault for each in result.results.values()} | {result.failure.fault if result.failure else None}
    if attempt.message.kind == Message.Kind.TEST or faults <= {Fault.RECIPIENT, None} or is_settled(attempt):
        return as_emails_own(result)
    has_worked = state.worked_version == attempt.settings_version
    if Fault.UNCLEAR in faults and not has_worked:
        state.reject(attempt.started_at)
        return held(result)
    if state.reject(attempt.started_at) >= REJECTED_IN_A_ROW:
        return held(result)
    return as_emails_own(result)


def is_settled(attempt: Attempt) -> bool:
    """Whether this email was rejected whole before, and others were accepted since."""
    was_rejected = Q(outcome=Attempt.Outcome.REFUSED) | Q(fault=Fault.REJECTED)
    rejected = attempt.message.attempts.filter(was_rejected).order_by("number").first()
    return rejected is not None and accepted_since(rejected)


def held(result: SendResult) -> SendResult:
    if result.failure is not None:
        return replace(result, results={}, failure=replace(result.failure, fault=Fault.REJECTED))
    first = next(iter(result.results.values()))
    return replace(result, results={}, failure=Failure(Fault.REJECTED, first.reply, first.stage))


def as_emails_own(result: SendResult) -> SendResult:
    """The same, with what would hold or is unclear decided by the reply's code: a 4yz is never final."""
    failure = result.failure
    if failure is not None:
        failure = replace(failure, fault=own_fault(failure.fault, failure.reply.code))
    return replace(result, failure=failure, results={to: as_recipients_own(r) for to, r in result.results.items()})


def as_recipients_own(result: RecipientResult) -> RecipientResult:
    return result if result.fault is None else replace(result, fault=own_fault(result.fault, result.reply.code))


def own_fault(fault: Fault, code: int) -> Fault:
    if not (fault.holds or fault is Fault.UNCLEAR):
        return fault
    return Fault.TRANSIENT if code // 100 == 4 else Fault.PERMANENT
