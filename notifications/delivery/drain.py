"""A worker's turn: one mail after the other over one connection, until nothing is due or the turn is over."""

import logging
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from django.db import InterfaceError, OperationalError, connection

from notifications.backends.base import Backend, BackendError, Envelope, Fault, Reply, Results, TimeLimits
from notifications.backends.trace import Trace
from notifications.delivery.claim import Claim, claim
from notifications.delivery.gate import Passage, passage
from notifications.delivery.outcome import Tried, record
from notifications.delivery.transport import described, forget_tokens, from_header, open_backend, secrets_of
from notifications.models import Attempt, Message, Recipient, Safety

logger = logging.getLogger(__name__)

TURN_SECONDS = 20.0
# Shorter than the lease's margin: after that the sweep has the mail.
PATIENCE_SECONDS = 10.0
UNSAVED = "unsaved values: "
LEASE_LOST = "This try lost its lease before the email was sent. Another try sends it."


def drain(worker: str, first: int | None = None) -> bool:
    """Send the mail `first`, then whatever is due. True when the turn ended before the queue did."""
    end = time.monotonic() + TURN_SECONDS
    with Line() as line:
        claimed = claim(worker, first) if first else None
        claimed = claimed or claim(worker)
        while claimed:
            settle(claimed, line.send(claimed))
            if time.monotonic() > end:
                return True
            claimed = claim(worker)
    return False


class Line:
    """The connection that is kept between mails, for as long as the mail server's values stay the same."""

    def __init__(self) -> None:
        self._backend: Backend | None = None
        self._version: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._hang_up()

    def send(self, claimed: Claim) -> Tried:
        """One try of one mail; every way it can end is in the answer."""
        trace = Trace(secrets_of(claimed.server))
        if claimed.is_draft:
            # The values themselves are forgotten after the test.
            trace.step(f"{UNSAVED}{described(claimed.server)}")
        limits = TimeLimits.without_progress(claimed.server.total_timeout.total_seconds())
        allowed = Passage(None, {})
        try:
            allowed = passage(Safety.load(), envelope_of(claimed))
            results = self._hand_over(claimed, allowed.envelope, limits, trace)
        except BackendError as error:
            return Tried(allowed.outcomes(error.results), error, trace)
        except Exception as error:  # the worker's one: a fault of ours is recorded, and costs no other mail
            logger.exception("mail %s: unexpected error", claimed.message.uuid)
            self._hang_up()
            text = f"Unexpected {type(error).__name__} inside mailadmin; the worker's log has the details."
            return Tried({}, BackendError(Fault.TRANSIENT, Reply(text=text)), trace)
        return Tried(allowed.outcomes(results), None, trace)

    def _hand_over(self, claimed: Claim, envelope: Envelope | None, limits: TimeLimits, trace: Trace) -> Results:
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


def envelope_of(claimed: Claim) -> Envelope:
    sender, from_line = from_header(claimed.server.sender)
    waiting = claimed.message.recipients.filter(outcome__in=Recipient.OPEN).values_list("address", flat=True)
    content = from_line + bytes(claimed.message.content)
    return Envelope(sender, tuple(waiting), content, AttemptLease(claimed.attempt))


@dataclass(frozen=True)
class AttemptLease:
    """The attempt's row holds the email; the email's row keeps the note."""

    attempt: Attempt

    @property
    def is_first(self) -> bool:
        return self.attempt.number == 1

    def recall(self) -> str:
        return self.attempt.message.transport_note

    def keep(self, note: str) -> None:
        if not self.attempt.keep_note(note):
            raise BackendError(Fault.TRANSIENT, Reply(text=LEASE_LOST))

    def check(self) -> None:
        if not self.attempt.is_active():
            raise BackendError(Fault.TRANSIENT, Reply(text=LEASE_LOST))


def settle(claimed: Claim, tried: Tried) -> None:
    """Record the outcome, through a database restart if need be: the mail is out and only its mark is missing."""
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            record(claimed, tried)
        except (OperationalError, InterfaceError):
            if time.monotonic() > end:
                raise
            logger.warning("mail %s: the database did not take the outcome; trying again", claimed.message.uuid)
            connection.close()
            time.sleep(0.5)
        else:
            return
