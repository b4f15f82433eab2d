"""Sending through Microsoft Graph so that a try that is cut off never means a second copy.

sendMail has no key by which Graph would recognize a repetition. A draft has an id: it is made, its id is kept, it is
sent, and the next try after a crash looks at the draft before it sends again. That needs Mail.ReadWrite; with Mail.Send
alone there is only sendMail, and a try without a reply is ambiguous.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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
from notifications.backends.graph_api import GraphAccess, GraphApi, GraphServer
from notifications.backends.graph_draft import Drafting, NoDrafts, accepted
from notifications.backends.graph_errors import Cut, Refusal
from notifications.backends.graph_faults import REFUSING, Call
from notifications.backends.graph_mail import GraphMail
from notifications.backends.graph_note import Note, Notes
from notifications.backends.graph_parts import Part, Parts
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
        parts = Parts(envelope, Notes(envelope.lease, self._server.user), self._server.most_recipients)
        before = RecipientResult(accepted(None, "Accepted by Microsoft in a try that was cut off"), stage=Stage.SEND)
        results = dict.fromkeys(parts.accepted_before(), before)
        with settling(results):
            self._send_all(parts, results)
        return results

    def close(self) -> None:
        self._api.close()

    def _send_all(self, parts: Parts, results: dict[str, RecipientResult]) -> None:
        """Send part after part. One that is in doubt is no reason to keep the email from the recipients of the next.

        Whatever happens to a later part, the doubt is what the try ends with: it is not to be tried again in a minute.
        """
        in_doubt: set[str] = set()
        doubt: BackendError | None = None
        while part := parts.next(results.keys() | in_doubt):
            try:
                self._try(part, parts, results)
            except BackendError as error:
                if not part.is_split or error.fault is not Fault.AMBIGUOUS:
                    if doubt:
                        raise doubt from error
                    raise
                doubt = doubt or error
                in_doubt.update(part.recipients)
        if doubt:
            raise doubt

    def _try(self, part: Part, parts: Parts, results: dict[str, RecipientResult]) -> None:
        """Send one part. Whom Graph rejects by name is settled, and the others are left for the next part."""
        if part.is_split:
            self._api.step(f"A part of {len(part.recipients)} recipients, Message-ID {part.mail.internet_message_id}")
        try:
            reply = self._send(part)
        except Refusal as error:
            if error.is_too_many_recipients and len(part.recipients) > 1:
                parts.halve(part)
                return
            rejected = named_in(error, part.recipients)
            if not rejected and part.is_split and error.fault in REFUSING:
                rejected = list(part.recipients)
            if not rejected:
                raise
            results.update(dict.fromkeys(rejected, RecipientResult(error.reply, error.fault, error.stage)))
        else:
            self._api.step(f"{reply.text[:1].lower()}{reply.text[1:]} ({reply.codes})")
            results.update(dict.fromkeys(part.recipients, RecipientResult(reply, stage=Stage.SEND)))

    def _send(self, part: Part) -> Reply:
        """Return Graph's acceptance."""
        reply = self._by_draft(part) or self._at_once(part)
        if part.is_split:
            part.notes.keep(self._note(part, accepted=True))
        return reply

    def _by_draft(self, part: Part) -> Reply | None:
        """None where the app may not make drafts."""
        if self._access.may_draft is False:
            return None
        try:
            return Drafting(self._api, self._access, part).run()
        except NoDrafts:
            self._access.learn(may_draft=False)
            self._api.step("The app may not make drafts (Mail.ReadWrite): the mail goes by sendMail")
            return None

    def _at_once(self, part: Part) -> Reply:
        """By sendMail, in one request."""
        body = self._whole(part.mail)
        if part.is_split:
            # The next try sends this very part, and not one with other recipients in it.
            part.notes.keep(self._note(part, sending=True, ordered_at=time.time()))
        part.mail.envelope.lease.check()
        try:
            response = self._api.call(Call.SEND_MAIL, "POST", f"{self._server.user}/sendMail", body)
        except Cut as cut:
            reply = Reply(text=f"{cut}. Microsoft may have accepted the mail")
            raise BackendError(Fault.AMBIGUOUS, reply, stage=Stage.SEND, timed_out=cut.timed_out) from cut
        except BackendError as error:
            if isinstance(error, Refusal) and error.leaves_doubt:
                raise BackendError(Fault.AMBIGUOUS, error.reply, stage=Stage.SEND) from error
            if part.is_split:
                part.notes.forget(self._note(part))
            raise
        return accepted(response, "Accepted by Microsoft")

    def _note(self, part: Part, **values: Any) -> Note:
        return Note(self._server.user, "", part.recipients, message_id=part.mail.internet_message_id, **values)

    def _whole(self, mail: GraphMail) -> Any:
        """MIME, as any server would get it; only JSON can say that no copy is to be kept."""
        size = len(mail.envelope.content) * 4 // 3
        if size > LARGEST_REQUEST:
            text = f"The mail has {size} bytes; without the permission Mail.ReadWrite Graph takes 4 MB"
            raise BackendError(Fault.PERMANENT, Reply(text=text), stage=Stage.SEND)
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
    """Return whom Graph rejects: its code says that some of the recipients are not valid, its text which ones."""
    if error.fault is not Fault.RECIPIENT:
        return []
    text = error.reply.text.casefold()
    named = []
    # The longest first, and each taken out: ops@a.test stands in devops@a.test and in ops@a.test.example as well.
    for address in sorted(recipients, key=len, reverse=True):
        text, found = re.subn(rf"(?<![\w.+-]){re.escape(address.casefold())}(?![\w-]|\.\w)", " ", text)
        if found:
            named.append(address)
    return named
