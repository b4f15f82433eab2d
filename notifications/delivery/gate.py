"""The last gate before the wire: what Safety lets through, whatever was asked for when the mail was queued."""

from dataclasses import dataclass, replace
from email import policy
from email.parser import BytesHeaderParser

from notifications.addresses import Address
from notifications.backends.base import Envelope, Fault, RecipientResult, Reply, Results
from notifications.emails.headers import one_line
from notifications.header_lines import address_header, text_header, with_headers
from notifications.models import Safety

SHOWN = 3


@dataclass(frozen=True)
class Passage:
    """`envelope` is what may go, None when nothing may; `refused` who may not get it.

    `stands_for` are the recipients whose mail goes to the one address of the envelope instead.
    """

    envelope: Envelope | None
    refused: Results
    stands_for: tuple[str, ...] = ()

    def outcomes(self, results: Results) -> Results:
        """The server's answers, by the mail's own recipients."""
        if not self.stands_for or not results:
            return {**self.refused, **results}
        (address, result), *_ = results.items()
        told = replace(result.reply, text=f"{result.reply.text} (rerouted to {address})")
        return dict.fromkeys(self.stands_for, replace(result, reply=told))


def passage(safety: Safety, envelope: Envelope) -> Passage:
    if safety.reroute_to:
        return Passage(rerouted(envelope, safety.reroute_to), {}, envelope.recipients)
    allowed = tuple(address for address in envelope.recipients if safety.allows(address))
    refused = {address: not_allowed(address) for address in envelope.recipients if address not in allowed}
    return Passage(replace(envelope, recipients=allowed) if allowed else None, refused)


def not_allowed(address: str) -> RecipientResult:
    domain = address.rpartition("@")[2]
    text = f"Not sent: {domain} is not among the allowed recipient domains of mailadmin"
    return RecipientResult(Reply(text=text), Fault.PERMANENT)


def rerouted(envelope: Envelope, address: str) -> Envelope:
    """The same mail for `address` alone; its subject says for whom it was."""
    subject = BytesHeaderParser(policy=policy.SMTP).parsebytes(envelope.content)["Subject"] or ""
    headers = {
        "To": address_header("To", [Address("", address)]),
        "Cc": "",
        "Subject": text_header("Subject", one_line(f"[for {named(envelope)}] {subject}")),
    }
    return replace(envelope, recipients=(address,), content=with_headers(envelope.content, headers))


def named(envelope: Envelope) -> str:
    more = len(envelope.recipients) - SHOWN
    return ", ".join(envelope.recipients[:SHOWN]) + (f" and {more} more" if more > 0 else "")
