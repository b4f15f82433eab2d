"""Sending through Microsoft Graph so that a cut-off try never means a second copy.

sendMail has no key by which Graph would recognise a repetition. A draft has an id: it is made, its id is kept, it is
sent, and whoever comes after a crash looks at the draft before sending again. That needs Mail.ReadWrite; with
Mail.Send alone there is only sendMail, and a try that got no answer is ambiguous.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from notifications.backends.base import BackendError, Envelope, Fault, RecipientResult, Reply, Results, TimeLimits
from notifications.backends.graph_api import GraphAccess, GraphApi, GraphServer
from notifications.backends.graph_draft import Drafting, NoDrafts, accepted
from notifications.backends.graph_errors import Cut, Refusal
from notifications.backends.graph_mail import GraphMail
from notifications.backends.graph_upload import LARGEST_REQUEST
from notifications.backends.trace import Trace


class GraphBackend:
    """Keeps one connection. See notifications.backends.base.Backend."""

    def __init__(self, server: GraphServer, access: GraphAccess) -> None:
        self._server = server
        self._access = access
        self._api = GraphApi(server, access)

    def send(self, envelope: Envelope, limits: TimeLimits, trace: Trace) -> Results:
        self._api.use(limits, trace)
        results: dict[str, RecipientResult] = {}
        with settling(results):
            remaining = envelope.recipients
            while remaining:
                mail = GraphMail(Envelope(envelope.sender, remaining, envelope.content, envelope.lease))
                remaining = self._try(mail, results)
        return results

    def close(self) -> None:
        self._api.close()

    def _try(self, mail: GraphMail, results: dict[str, RecipientResult]) -> tuple[str, ...]:
        """Send to all; who is left when Graph refused some of them by name."""
        recipients = mail.envelope.recipients
        try:
            reply, reached = self._send(mail)
        except Refusal as error:
            named = named_in(error, recipients)
            if not named:
                raise
            results.update({address: RecipientResult(error.reply, Fault.PERMANENT) for address in named})
            return tuple(address for address in recipients if address not in named)
        self._api.step(f"{reply.text[:1].lower()}{reply.text[1:]} ({reply.codes})")
        results.update({address: RecipientResult(reply) for address in reached})
        return tuple(address for address in recipients if address not in reached)

    def _send(self, mail: GraphMail) -> tuple[Reply, tuple[str, ...]]:
        """What Graph said, and of whom."""
        if self._access.may_draft is not False:
            try:
                return Drafting(self._api, self._access, mail).run()
            except NoDrafts:
                self._access.learn(may_draft=False)
                self._api.step("The app may not make drafts (Mail.ReadWrite): the mail goes by sendMail")
        return self._send_at_once(mail), mail.envelope.recipients

    def _send_at_once(self, mail: GraphMail) -> Reply:
        """By sendMail, in one request."""
        body = self._whole(mail)
        mail.envelope.lease.check()
        try:
            response = self._api.call("POST", f"{self._server.user}/sendMail", body)
        except Cut as cut:
            raise BackendError(Fault.AMBIGUOUS, Reply(text=f"{cut}. Microsoft may have taken the mail")) from cut
        except Refusal as error:
            if error.leaves_doubt:
                raise BackendError(Fault.AMBIGUOUS, error.reply) from error
            raise
        return accepted(response, "Accepted by Microsoft")

    def _whole(self, mail: GraphMail) -> Any:
        """MIME, as any server would get it; only JSON can say that no copy is to be kept."""
        size = len(mail.envelope.content) * 4 // 3
        if size > LARGEST_REQUEST:
            text = f"The mail has {size} bytes; without the permission Mail.ReadWrite Graph takes 4 MB"
            raise BackendError(Fault.PERMANENT, Reply(text=text))
        mime = mail.as_mime()
        if self._server.save_to_sent_items:
            return mime
        return {"message": mail.as_json(attached=True), "saveToSentItems": False}


@contextmanager
def settling(results: dict[str, RecipientResult]) -> Iterator[None]:
    """Whatever goes wrong leaves as a BackendError that carries `results`."""
    try:
        yield
    except BackendError as error:
        error.results = results
        raise


def named_in(error: Refusal, recipients: tuple[str, ...]) -> list[str]:
    """Which of ours Graph refuses: the code says that some are, its text which ones."""
    if "ErrorInvalidRecipients" not in error.codes:
        return []
    text = error.reply.text.casefold()
    named = []
    # The longest first, and each taken out: ops@a.test stands in devops@a.test and in ops@a.test.example as well.
    for address in sorted(recipients, key=len, reverse=True):
        text, found = re.subn(rf"(?<![\w.+-]){re.escape(address.casefold())}(?![\w-]|\.\w)", " ", text)
        if found:
            named.append(address)
    return named
