"""What an attempt means for its recipients, its email and the mail server's state: recorded in one transaction."""

import logging
from datetime import UTC, datetime, timedelta

from django.db import DatabaseError, InterfaceError, OperationalError, transaction
from django.utils import timezone

from notifications.backends.base import Fault, RecipientResult, Reply, Stage
from notifications.delivery.concerns import FINAL, reclassify
from notifications.delivery.result import Failure, SendResult
from notifications.delivery.retry import SHORTEST_WAIT, ambiguous_delay, next_delay
from notifications.models import (
    Attempt,
    AttemptReport,
    HoldReason,
    MailServerSettings,
    MailServerState,
    Message,
    OpenConnection,
    Recipient,
)

logger = logging.getLogger(__name__)

LONGEST_PAUSE = timedelta(hours=1)
EARLIEST = datetime.min.replace(tzinfo=UTC)
# What is answered here concerns the connection: a server that has enough of them says so.
CONNECTING = (Stage.CONNECT, Stage.TLS, Stage.GREETING, Stage.EHLO, Stage.STARTTLS, Stage.AUTH, Stage.MAIL_FROM)
BEYOND_SIGN_IN = (Stage.RCPT, Stage.DATA, Stage.END_OF_DATA)
OUTCOMES = {
    Fault.PERMANENT: Recipient.Outcome.REFUSED,
    Fault.RECIPIENT: Recipient.Outcome.REFUSED,
    Fault.TRANSIENT: Recipient.Outcome.DEFERRED,
    Fault.QUOTA: Recipient.Outcome.DEFERRED,
}


def record(attempt: Attempt, result: SendResult) -> bool:
    """Write down what happened; False, and nothing written, when the attempt was closed before.

    A reply that the database refuses for its contents is recorded without its texts: the outcome must not be lost, nor
    the email be sent again and again. Raises OperationalError and InterfaceError where the database is away.
    """
    try:
        return record_in_full(attempt, result)
    except (OperationalError, InterfaceError):
        raise
    except DatabaseError:
        logger.exception("email %s: the database refused the record; recording it without texts", attempt.message.uuid)
        return record_in_full(attempt, without_texts(result))


@transaction.atomic
def record_in_full(attempt: Attempt, result: SendResult) -> bool:
    # State first, as claim_batch() does: two transactions that lock in the same order cannot wait for each other.
    state = MailServerState.lock()
    message = Message.objects.get(pk=attempt.message_id)
    if not Attempt.objects.filter(pk=attempt.pk, finished_at=None).exists():
        logger.warning("email %s: the attempt was closed before its result was known", message.uuid)
        return False
    result = reclassify(attempt, result, state)
    recipients = [recipient for recipient in message.recipients.all() if recipient.outcome in Recipient.OPEN]
    apply(result, recipients)
    attempt.finish(outcome_of(result, recipients), report_of(result, recipients))
    Recipient.save_outcomes(recipients)
    conclude(attempt, message, result, [each for each in recipients if each.outcome in Recipient.OPEN])
    if attempt.settings_version != Attempt.UNSAVED:
        update_server_state(attempt, result, state)
    return True


def without_texts(result: SendResult) -> SendResult:
    def bare(reply: Reply) -> Reply:
        return Reply(reply.code, retry_after=reply.retry_after)

    failure = result.failure
    return SendResult(
        {to: type(each)(bare(each.reply), each.fault, each.stage) for to, each in result.results.items()},
        failure and Failure(failure.fault, bare(failure.reply), failure.stage, failure.timed_out),
    )


def apply(result: SendResult, recipients: list[Recipient]) -> None:
    """Give each recipient its outcome; a failure of the whole email is that of each recipient who has none."""
    whole = result.failure and RecipientResult(result.failure.reply, result.failure.fault, result.failure.stage)
    for recipient in recipients:
        own = result.results.get(recipient.address) or whole
        if own is None:
            continue
        outcome = Recipient.Outcome.ACCEPTED if own.fault is None else OUTCOMES.get(own.fault)
        if outcome is not None:
            recipient.record(outcome, own.reply.codes, own.reply.text)


def report_of(result: SendResult, recipients: list[Recipient]) -> AttemptReport:
    decisive = decisive_result(result, recipients)
    return AttemptReport(
        code=decisive.reply.codes,
        text=decisive.reply.text,
        transcript=result.transcript,
        reference=decisive.reply.reference,
        fault=decisive.fault or "",
        stage=decisive.stage or "",
    )


def decisive_result(result: SendResult, recipients: list[Recipient]) -> RecipientResult:
    """The failure; else the first refusal; else what the server replied when it accepted the email."""
    if result.failure is not None:
        return RecipientResult(result.failure.reply, result.failure.fault, result.failure.stage)
    worst_first = sorted(result.results.values(), key=lambda each: (each.fault is None, each.fault not in FINAL))
    return worst_first[0] if worst_first else RecipientResult(Reply(text=f"no reply for {len(recipients)} recipients"))


def outcome_of(result: SendResult, recipients: list[Recipient]) -> Attempt.Outcome:
    failure = result.failure
    if failure is not None and failure.fault.holds:
        return Attempt.Outcome.CONFIGURATION
    if failure is not None and failure.fault is Fault.AMBIGUOUS:
        return Attempt.Outcome.AMBIGUOUS
    if all(recipient.outcome == Recipient.Outcome.ACCEPTED for recipient in recipients):
        return Attempt.Outcome.ACCEPTED
    if any(each.fault is None for each in result.results.values()):
        return Attempt.Outcome.PARTIAL
    if any(recipient.outcome in Recipient.OPEN for recipient in recipients):
        return Attempt.Outcome.DEFERRED
    return Attempt.Outcome.REFUSED


def conclude(attempt: Attempt, message: Message, result: SendResult, waiting: list[Recipient]) -> None:
    """Move the email on: finished, queued for another attempt, or left to a person.

    `waiting`: the recipients that have no final outcome.
    """
    failure = result.failure
    if not waiting:
        message.settle()
    elif message.kind == Message.Kind.TEST:
        # The administrator who tests looks at the page now.
        message.fail()
    elif failure is not None and failure.fault.holds:
        message.requeue(timezone.now())
    elif failure is not None and failure.fault is Fault.AMBIGUOUS:
        ask_or_retry(attempt, message, failure)
    else:
        try_later(message, result, waiting)


def ask_or_retry(attempt: Attempt, message: Message, failure: Failure) -> None:
    before = message.attempts.filter(outcome=Attempt.Outcome.AMBIGUOUS, lost_worker=False, number__lte=attempt.number)
    delay = ambiguous_delay(before.count(), timed_out=failure.timed_out)
    if delay is None:
        message.leave_unconfirmed()
    else:
        message.requeue(timezone.now() + delay)


def try_later(message: Message, result: SendResult, waiting: list[Recipient]) -> None:
    # A hold is no word about this email, nor is a refused connection.
    tried = message.attempts.exclude(outcome=Attempt.Outcome.CONFIGURATION)
    now, state = timezone.now(), MailServerState.load()
    first = tried.order_by("number").first()
    # A clock that jumped ahead makes no email old.
    since = max(first.started_at if first else now, state.clock_jumped_at or EARLIEST)
    retry_after = result.failure.reply.retry_after if result.failure else None
    tries = tried.exclude(fault=Fault.THROTTLED).count()
    delay = next_delay(fault_for(result, waiting), tries, now - since, retry_after)
    if delay is None:
        message.expire()
    else:
        # Another connection, or the end of the pause, may be there immediately.
        message.requeue(now if is_refused_connection(result.failure) else now + delay)


def fault_for(result: SendResult, waiting: list[Recipient]) -> Fault:
    """The fault that decides when: a daily limit only if no recipient waits for something quicker."""
    if result.failure is not None:
        return result.failure.fault
    faults = {result.results[recipient.address].fault for recipient in waiting if recipient.address in result.results}
    return Fault.QUOTA if faults == {Fault.QUOTA} else Fault.TRANSIENT


def is_refused_connection(failure: Failure | None) -> bool:
    return failure is not None and failure.fault is Fault.THROTTLED and failure.stage in CONNECTING


def update_server_state(attempt: Attempt, result: SendResult, state: MailServerState) -> None:
    """Note what this attempt shows about the mail server for every email."""
    failure = result.failure
    if failure is not None and failure.fault.holds:
        hold(attempt, failure, state)
    elif is_refused_connection(failure) and (others := OpenConnection.live(timezone.now()).count() - 1) > 0:
        state.limit_connections(others)
    elif failure is not None and failure.fault in (Fault.UNREACHABLE, Fault.THROTTLED):
        state.pause(bounded(failure.reply.retry_after), words_of(failure.reply))
    elif any(each.fault is None and each.reply.code for each in result.results.values()):
        state.accept(attempt.settings_version)
        slow_down(result, state)
    elif any(each.reply.code for each in result.results.values()) and state.held_stage not in BEYOND_SIGN_IN:
        # Whatever it replied for the recipients, it let us in.
        release(state)


def hold(attempt: Attempt, failure: Failure, state: MailServerState) -> None:
    # The fault of an old version is no news about the values that were saved meanwhile.
    if attempt.settings_version != MailServerSettings.load().version:
        return
    reason = HoldReason(failure.fault.value)
    state.hold(reason, failure.reply.codes, failure.reply.text, stage=failure.stage or "", since=attempt.finished_at)
    if failure.fault is Fault.REJECTED and state.rejected_since is not None:
        restored = Message.restore_rejected(state.rejected_since)
        logger.warning("the mail server rejects every email: %s rejected ones are queued again", restored)


def release(state: MailServerState) -> None:
    if state.is_held or state.paused_since:
        state.release()


def slow_down(result: SendResult, state: MailServerState) -> None:
    """An acceptance may ask for a pause too: Graph replies 202 with a Retry-After when it is busy."""
    asked = [each.reply for each in result.results.values() if each.reply.retry_after is not None]
    if asked:
        state.pause(bounded(asked[0].retry_after), words_of(asked[0]))


def bounded(wait: timedelta | None) -> timedelta | None:
    """Within reason: some servers say 10^9 seconds, some a negative number."""
    return None if wait is None else min(max(wait, SHORTEST_WAIT), LONGEST_PAUSE)


def words_of(reply: Reply) -> str:
    return f"{reply.codes} {reply.text}".strip()
