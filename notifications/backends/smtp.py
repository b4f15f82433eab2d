"""SMTP submission (RFC 5321, 6409): every recipient of an email gets a separate outcome."""

from notifications.backends.base import (
    BackendError,
    Envelope,
    Fault,
    RecipientResult,
    Reply,
    Results,
    Stage,
    TimeLimits,
)
from notifications.backends.smtp_opening import open_session
from notifications.backends.smtp_replies import fault_of
from notifications.backends.smtp_server import SignIn, SmtpServer
from notifications.backends.smtp_session import SmtpSession
from notifications.backends.smtp_transaction import Transaction
from notifications.backends.smtp_wire import ConnectionLost
from notifications.backends.smtp_wording import PER_CONNECTION
from notifications.backends.trace import Trace

# From here on, firewalls and servers may have dropped a connection without a word.
IDLE_SECONDS = 10.0


class SmtpBackend:
    """Keeps one connection. See notifications.backends.base.Backend."""

    def __init__(self, server: SmtpServer, sign_in: SignIn | None = None) -> None:
        self._server = server
        self._sign_in = sign_in
        self._session: SmtpSession | None = None

    def send(self, envelope: Envelope, limits: TimeLimits, trace: Trace) -> Results:
        results: dict[str, RecipientResult] = {}
        try:
            self._deliver(envelope, results, limits, trace)
        except BackendError as error:
            # What concerns this email alone leaves the connection as good as it was.
            concerns_all = error.fault.holds or error.fault in (Fault.THROTTLED, Fault.UNREACHABLE)
            if concerns_all or (self._session and not self._session.can_go_on):
                self.close()
            error.results = results
            raise
        return results

    def close(self) -> None:
        if self._session is not None:
            self._session.leave()
            self._session = None

    def _deliver(
        self, envelope: Envelope, results: dict[str, RecipientResult], limits: TimeLimits, trace: Trace
    ) -> None:
        """Transaction after transaction, until every recipient has a result."""
        may_defer_one = True
        while remaining := [address for address in envelope.recipients if address not in results]:
            session, settled = self._ready(limits, trace), len(results)
            was_used = session.carried > 0
            transaction = Transaction(session, self._server.host, envelope, results)
            try:
                transaction.run(remaining, self._most_recipients(session))
            except ConnectionLost as lost:
                # A connection that was of use ended in its own time (RFC 5321 3.8): the next one takes the email.
                was_of_use = session.carried > 0 or len(results) > settled
                if not was_of_use and may_defer_one and is_over_one_recipient(lost, remaining):
                    results[transaction.current] = RecipientResult(lost.reply or Reply(), Fault.TRANSIENT, Stage.RCPT)
                    may_defer_one = False
                elif lost.timed_out or not was_of_use:
                    raise error_for(lost) from lost
                trace.step(f"{lost}; connecting again")
            except BackendError as error:
                if not was_used or not is_over_the_connection(error.fault, error.reply):
                    raise
                self._leave_full_one(error.reply, trace)
            else:
                if was_used and (full := [to for to in remaining if to in results and is_turned_away(results[to])]):
                    self._leave_full_one(results[full[0]].reply, trace)
                    for to in full:
                        del results[to]

    def _leave_full_one(self, reply: Reply, trace: Trace) -> None:
        trace.step(f"this connection carries no more email ({reply.codes} {reply.text}); connecting again")
        self.close()

    def _most_recipients(self, session: SmtpSession) -> int | None:
        limits = [limit for limit in (self._server.most_recipients, session.most_recipients) if limit]
        return min(limits, default=None)

    def _ready(self, limits: TimeLimits, trace: Trace) -> SmtpSession:
        """A session that is signed in: the kept one if it still answers, else a new one."""
        if self._session is not None and self._is_ready(self._session, limits, trace):
            return self._session
        self.close()
        self._session = open_session(self._server, self._sign_in, limits, trace)
        return self._session

    def _is_ready(self, session: SmtpSession, limits: TimeLimits, trace: Trace) -> bool:
        if not session.can_go_on:
            return False
        session.use(limits, trace)
        if session.is_reset and session.idle_seconds < IDLE_SECONDS:
            return True
        try:
            return session.reset()
        except ConnectionLost as lost:
            trace.step(f"the kept connection is of no more use ({lost}); connecting again")
            return False


def is_over_the_connection(fault: Fault, reply: Reply) -> bool:
    """Whether the same email may be accepted over another connection, with which nothing was sent before."""
    return fault is Fault.THROTTLED or bool(PER_CONNECTION.search(reply.text))


def is_turned_away(result: RecipientResult) -> bool:
    return result.fault is not None and is_over_the_connection(result.fault, result.reply)


def is_over_one_recipient(lost: ConnectionLost, remaining: list[str]) -> bool:
    """Whether the server closed at one recipient's RCPT, so that the others may fare better without that one."""
    return lost.reply is not None and lost.stage is Stage.RCPT and len(remaining) > 1


def error_for(lost: ConnectionLost) -> BackendError:
    """A connection that ended before the end of data: nothing was accepted."""
    if lost.reply is not None:
        return BackendError(fault_of(lost.reply, lost.stage or Stage.MAIL_FROM), lost.reply, stage=lost.stage)
    return BackendError(Fault.TRANSIENT, Reply(text=str(lost)), stage=lost.stage, timed_out=lost.timed_out)
