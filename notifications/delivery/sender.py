"""Sending what is due, batch after batch over one connection, until nothing may go."""

import logging
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone

from notifications.backends.base import Backend, BackendError, Envelope, Fault, Lease, Reply, Results, TimeLimits
from notifications.backends.trace import Trace
from notifications.delivery.batch import BATCH_SECONDS, Batch, BatchSize, Sent
from notifications.delivery.claim import Claim, claim_batch
from notifications.delivery.gate import Passage, passage
from notifications.delivery.leases import AttemptLease, lease_keeper
from notifications.delivery.process import this_process
from notifications.delivery.record import is_refused_connection
from notifications.delivery.record_batch import record_all
from notifications.delivery.result import SendResult
from notifications.delivery.transport import described, forget_tokens, from_header, open_backend, secrets_of
from notifications.models import Message, OpenConnection, Recipient

logger = logging.getLogger(__name__)

UNSAVED = "unsaved values: "


def send_due(
    first: int | None = None, *, stop: Callable[[], bool] = lambda: False, progress: Callable[[], None] = lambda: None
) -> int:
    """Send the email `first`, then whatever is due, and return how many attempts were made.

    `progress` is called as each email begins; no other one does once `stop` returns True.
    """
    worker, attempts, size = this_process().name, 0, BatchSize()
    with SenderConnection() as sender:
        claims = claim_batch(worker, size.most, first=first)
        while claims:
            attempts += sender.process(claims, size, stop, progress)
            if stop():
                break
            claims = claim_batch(worker, size.most, connection=sender.key)
    return attempts


class SenderConnection:
    """The connection that is kept between emails, for as long as the mail server's settings stay the same."""

    def __init__(self) -> None:
        # The OpenConnection's, so that others know that the server has one less to give.
        self.key: int | None = None
        self._backend: Backend | None = None
        self._version: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._hang_up()
        self._give_back()

    def process(
        self, claims: list[Claim], size: BatchSize, stop: Callable[[], bool], progress: Callable[[], None]
    ) -> int:
        """Attempt one email after the other, until one does not simply go out; record them together."""
        self._take(claims[0].connection)
        sent: list[Sent] = []
        with lease_keeper().held(claimed.attempt for claimed in claims) as leases:
            batch = Batch(claims, leases)
            with batch.watched():
                while taken := batch.take():
                    progress()
                    sent.append(self._attempt(*taken))
                    if not sent[-1].is_plain or batch.seconds > BATCH_SECONDS or stop():
                        break
            size.learn(len(sent), batch.seconds)
            settle(sent)
            batch.give_back()
        if is_refused_connection(sent[-1].result.failure):
            # It has none after all: the next claim asks whether there is one to have.
            self._hang_up()
            self._give_back()
        return len(sent)

    def _attempt(self, claimed: Claim, lease: AttemptLease) -> Sent:
        """Send, and note what came of it in the journal."""
        journal = this_process().journal
        claimed.attempt.started_at = timezone.now()
        journal.begin(claimed.attempt.pk)
        sent = Sent(claimed, lease, self.send(claimed, lease))
        journal.write(claimed.attempt.pk, sent.result)
        return sent

    def send(self, claimed: Claim, lease: Lease) -> SendResult:
        """One attempt; every way that it can end is in the result."""
        trace = Trace(secrets_of(claimed.server))
        if claimed.is_draft:
            # The values themselves are forgotten after the test.
            trace.step(f"{UNSAVED}{described(claimed.server)}")
        allowed = Passage(None, {})
        try:
            allowed = passage(claimed.safety, envelope_of(claimed, lease))
            results = self._hand_over(claimed, allowed.envelope, trace)
        except BackendError as error:
            return SendResult.of(allowed.outcomes(error.results), error, trace)
        except Exception as error:  # a fault of ours is recorded, and costs no other email
            logger.exception("email %s: unexpected error", claimed.message.uuid)
            self._hang_up()
            text = f"Unexpected {type(error).__name__} inside mailadmin; the worker's log has the details."
            return SendResult.of({}, BackendError(Fault.TRANSIENT, Reply(text=text)), trace)
        return SendResult.of(allowed.outcomes(results), None, trace)

    def _hand_over(self, claimed: Claim, envelope: Envelope | None, trace: Trace) -> Results:
        limits = TimeLimits.without_progress(claimed.server.total_timeout.total_seconds())
        return self._backend_for(claimed).send(envelope, limits, trace) if envelope else {}

    def _backend_for(self, claimed: Claim) -> Backend:
        # A test is to prove that connecting works, so it always connects.
        is_test = claimed.message.kind == Message.Kind.TEST
        if self._backend is None or is_test or self._version != claimed.attempt.settings_version:
            self._hang_up()
            if is_test:
                forget_tokens(claimed.server)
            self._backend = open_backend(claimed.server)
            self._version = None if is_test else claimed.attempt.settings_version
        return self._backend

    def _hang_up(self) -> None:
        if self._backend is not None:
            self._backend.close()
            self._backend = None

    def _take(self, key: int | None) -> None:
        if key is not None and self.key is None:
            self.key = key
            lease_keeper().keep_connection(key)

    def _give_back(self) -> None:
        if self.key is not None:
            lease_keeper().drop_connection(self.key)
            OpenConnection.objects.filter(pk=self.key).delete()
            self.key = None


def envelope_of(claimed: Claim, lease: Lease) -> Envelope:
    sender, from_line = from_header(claimed.server.sender)
    waiting = [each.address for each in claimed.message.recipients.all() if each.outcome in Recipient.OPEN]
    content = from_line + bytes(claimed.message.content)
    return Envelope(sender, tuple(waiting), content, lease)


def settle(sent: list[Sent]) -> None:
    """Record the results, through a database restart if need be: the emails are out and only the record is missing.

    When the database stays away until the leases are over, the next queue check records what the journal has.
    """
    while True:
        try:
            record_all(sent)
        except (OperationalError, InterfaceError) as error:
            logger.warning("the database did not take the results of %s emails: %s", len(sent), error)
            connection.close()
            if min(each.lease.ends_in for each in sent) <= 0:
                return
            time.sleep(0.5)
        else:
            this_process().journal.done(each.attempt.pk for each in sent)
            return
