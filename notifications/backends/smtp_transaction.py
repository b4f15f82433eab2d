"""One mail transaction (RFC 5321 3.3): MAIL, RCPT for each recipient, DATA, and an outcome for every recipient."""

from notifications.backends.base import BackendError, Envelope, Fault, RecipientResult, Reply, Stage
from notifications.backends.deadline import Deadline
from notifications.backends.smtp_replies import fault_of
from notifications.backends.smtp_session import SmtpSession
from notifications.backends.smtp_wire import ConnectionLost, OutOfStep

RCPT_OK = (250, 251, 252)
# 452 by the RFC; 552 is the same by RFC 821, and others are seen.
TOO_MANY = (450, 451, 452, 550, 552, 554)


class Transaction:
    """Writes what the server decides into `results`. Raises BackendError for what concerns the whole email.

    ConnectionLost leaves it as well, as long as the end of data was not sent: nothing was accepted then.
    """

    def __init__(
        self, session: SmtpSession, host: str, envelope: Envelope, results: dict[str, RecipientResult]
    ) -> None:
        self._session = session
        self._host = host
        self._envelope = envelope
        self._results = results
        self._refused: dict[str, RecipientResult] = {}
        # Whose RCPT is under way, for the server may end the connection over one recipient.
        self.current = ""

    def run(self, recipients: list[str], most: int | None) -> None:
        """Send to `recipients`, at most to `most` of them; who has no result then needs another transaction."""
        self._session.is_reset = False
        try:
            self._mail_from()
            accepted = self._recipients(recipients, most)
            if accepted:
                self._data(accepted)
        except OutOfStep:
            # Who knows whose refusals those were.
            self._refused.clear()
            raise
        finally:
            self._results.update(self._refused)

    def _mail_from(self) -> None:
        size = ""
        if "SIZE" in self._session.extensions:
            self._check_size()
            size = f" SIZE={len(self._envelope.content)}"
        reply = self._session.command(f"MAIL FROM:<{self._envelope.sender}>{size}", Stage.MAIL_FROM)
        if reply.code != 250:
            raise BackendError(fault_of(reply, Stage.MAIL_FROM), reply, stage=Stage.MAIL_FROM)

    def _check_size(self) -> None:
        """RFC 1870: a SIZE of 0, or none, is no fixed limit."""
        limit = self._session.extensions["SIZE"].split(" ")[0]
        size = len(self._envelope.content)
        if limit.isdigit() and 0 < int(limit) < size:
            text = f"The email has {size:,} bytes, but {self._host} accepts {int(limit):,} at most."
            raise BackendError(Fault.PERMANENT, Reply(552, "5.3.4", text), stage=Stage.MAIL_FROM)

    def _recipients(self, recipients: list[str], most: int | None) -> list[str]:
        """Name them, as long as the server has room and time for more in this transaction; who was accepted."""
        accepted: list[str] = []
        limit = Deadline(self._session.limits.recipients)
        for recipient in recipients:
            if accepted and (len(accepted) == most or limit.is_over):
                break
            self.current = recipient
            reply = self._session.command(f"RCPT TO:<{recipient}>", Stage.RCPT, RCPT_OK)
            if reply.code in RCPT_OK:
                accepted.append(recipient)
            elif accepted and is_too_many(reply):
                self._session.most_recipients = len(accepted)
                break
            else:
                self._refused[recipient] = RecipientResult(reply, fault_of(reply, Stage.RCPT), Stage.RCPT)
        return accepted

    def _data(self, recipients: list[str]) -> None:
        session = self._session
        reply = session.command("DATA", Stage.DATA, (354,), seconds=session.limits.data)
        if reply.code != 354:
            self._decide(recipients, reply, Stage.DATA)
            return
        session.send_content(self._envelope.content)
        # A worker that slept past its lease must not finish an email that another worker has taken over.
        self._envelope.lease.check()
        reply = self._end_of_data()
        if reply.code == 250:
            session.trace.step(f"accepted by {self._host} ({reply.codes} {reply.text})")
            self._results.update(dict.fromkeys(recipients, RecipientResult(reply, None, Stage.END_OF_DATA)))
        else:
            self._decide(recipients, reply, Stage.END_OF_DATA)

    def _end_of_data(self) -> Reply:
        """The final dot: from here on, a connection that ends leaves it open whether the email was accepted."""
        try:
            reply = self._session.end_content()
            if reply.code == 250:
                self._session.confirm()
        except ConnectionLost as lost:
            if lost.stage is not Stage.END_OF_DATA:
                raise
            raise self._unconfirmed(lost) from lost
        return reply

    def _unconfirmed(self, lost: ConnectionLost) -> BackendError:
        if lost.reply is not None:
            return BackendError(fault_of(lost.reply, Stage.END_OF_DATA), lost.reply, stage=Stage.END_OF_DATA)
        if isinstance(lost, OutOfStep):
            self._refused.clear()
        text = f"The email was fully transmitted, but {self._host} did not confirm that it accepted it: {lost}"
        reply = Reply(text=text)
        return BackendError(Fault.AMBIGUOUS, reply, stage=Stage.END_OF_DATA, timed_out=lost.timed_out)

    def _decide(self, recipients: list[str], reply: Reply, stage: Stage) -> None:
        """A refusal after RCPT is the same for every recipient of the transaction."""
        fault = fault_of(reply, stage)
        if fault.holds or fault is Fault.THROTTLED:
            raise BackendError(fault, reply, stage=stage)
        self._results.update(dict.fromkeys(recipients, RecipientResult(reply, fault, stage)))


def is_too_many(reply: Reply) -> bool:
    """452 4.5.3 is a limit of the transaction (RFC 5321 4.5.3.1.10) and says nothing about the recipient."""
    return reply.enhanced in ("4.5.3", "5.5.3") or (reply.code in TOO_MANY and "too many" in reply.text.lower())
