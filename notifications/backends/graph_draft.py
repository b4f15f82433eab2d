"""A mail's way through a draft: made, its id kept, sent, and looked at by whoever comes after a crash.

Sources: Microsoft, "Create message", "message: send", "Obtain immutable identifiers for Outlook resources".
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import quote

import requests

from notifications.backends.base import BackendError, Fault, Reply
from notifications.backends.graph_api import GraphAccess, GraphApi, json_of, reference_of
from notifications.backends.graph_errors import Cut, Refusal, retry_after
from notifications.backends.graph_mail import GraphMail
from notifications.backends.graph_upload import LARGEST, LARGEST_REQUEST, attach

IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}
SELECT = "$select=id,isDraft"
# For names, quotes and headers of the JSON.
ROOM = 128 * 1024
# In base64, whose lines have 57 bytes in 78.
LARGEST_MAIL = LARGEST * 78 // 57 + ROOM
Answer = TypeVar("Answer")
# A mail that was sent shows up in Sent Items within seconds; after so many tries it is not there.
MOST_LOOKS = 3
# For a while, a draft that was ordered to be sent may still look like one. Ordered once more, it would go out twice.
SETTLING_SECONDS = 30.0


@dataclass(frozen=True)
class Note:
    """What the next try has to know of this one's draft.

    `sending`: the order to send it may have arrived, given at `ordered_at`, in seconds since 1970.
    """

    home: str
    id: str
    recipients: tuple[str, ...]
    sending: bool = False
    ordered_at: float = 0.0
    looks: int = 0

    @classmethod
    def read(cls, text: str) -> "Note | None":
        values = json.loads(text) if text else None
        return cls(**{**values, "recipients": tuple(values["recipients"])}) if values else None

    def __str__(self) -> str:
        return json.dumps(asdict(self))

    @property
    def settles_in(self) -> float:
        """Seconds; none where the clock was set back meanwhile."""
        since = time.time() - self.ordered_at
        return SETTLING_SECONDS - since if self.sending and 0 <= since < SETTLING_SECONDS else 0.0


@dataclass(frozen=True)
class Found:
    """A message in the sender's mailbox."""

    id: str
    is_draft: bool


class NoDrafts(Exception):
    """The app may not make drafts in this mailbox."""


class Drafting:
    """One mail's way by a draft, from wherever an earlier try left it."""

    def __init__(self, api: GraphApi, access: GraphAccess, mail: GraphMail) -> None:
        self._api = api
        self._access = access
        self._server = api.server
        self._mail = mail
        self._recipients = mail.envelope.recipients
        self._lease = mail.envelope.lease

    def run(self) -> tuple[Reply, tuple[str, ...]]:
        """What Graph said, and of which recipients. Raises NoDrafts, Refusal or BackendError."""
        note = self._earlier()
        if note is not None:
            found = self._look(note)
            reached = tuple(address for address in self._recipients if address in note.recipients)
            if found and not found.is_draft and reached:
                return accepted(None, "Accepted by Microsoft: found among the sent mails"), reached
            note = self._usable(note) if found and found.is_draft else None
        return self._dispatch(note or self._make()), self._recipients

    def _earlier(self) -> Note | None:
        """What an earlier try left; a try that noted nothing may still have made a draft, which nobody sends."""
        note = Note.read(self._lease.recall())
        if note and note.home == self._server.user:
            return note
        if not self._lease.is_first:
            for found in self._asked(self._with_message_id):
                if found.is_draft:
                    self._delete(found.id)
        return None

    def _usable(self, note: Note) -> Note | None:
        """The draft, if all of it is there and it is for these very recipients; else none, and nothing is left of it.

        Some may have got the mail from another mail server meanwhile.
        """
        if note.settles_in:
            text = "The mail still looks like a draft; so soon after the order to send it that proves nothing"
            raise BackendError(Fault.TRANSIENT, Reply(text=text, retry_after=timedelta(seconds=note.settles_in)))
        if note.sending and set(note.recipients) == set(self._recipients):
            return note
        self._discard(note)
        return None

    def _look(self, note: Note) -> Found | None:
        """The mail as the last try left it; None when it is nowhere and has to be made anew."""
        found = self._asked(lambda: self._found(note))
        return self._vanished(note) if found is None and note.sending else found

    def _asked(self, question: Callable[[], Answer]) -> Answer:
        try:
            return question()
        except Cut as cut:
            text = f"Could not find out whether the last try was sent: {cut}"
            raise BackendError(Fault.TRANSIENT, Reply(text=text)) from cut

    def _vanished(self, note: Note) -> Found | None:
        if not self._server.save_to_sent_items:
            # Told to keep no copy, Exchange has removed what it sent.
            return Found(note.id, is_draft=False)
        if note.looks >= MOST_LOOKS:
            return None
        self._lease.keep(str(replace(note, looks=note.looks + 1)))
        text = "The mail is neither among the drafts nor among the sent mails yet; looking again later"
        raise BackendError(Fault.TRANSIENT, Reply(text=text))

    def _found(self, note: Note) -> Found | None:
        """The mail by its id; else what was sent by Message-ID, for ids may change then. Raises Cut and NoDrafts.

        A draft of that Message-ID is another try's: the id of one that was not sent stays.
        """
        by_id = self._ask(f"/{quote(note.id, safe='')}?{SELECT}")
        if by_id is not None:
            return found_in(by_id)
        return next((found for found in self._with_message_id() if not found.is_draft), None)

    def _with_message_id(self) -> list[Found]:
        wanted = self._mail.internet_message_id.replace("'", "''")
        condition = quote(f"internetMessageId eq '{wanted}'")
        found = (self._ask(f"?$filter={condition}&{SELECT}") or {}).get("value")
        return [found_in(each) for each in found if isinstance(each, dict)] if isinstance(found, list) else []

    def _ask(self, path: str) -> dict[str, Any] | None:
        """What Graph has there; None for nothing."""
        try:
            return json_of(self._api.call("GET", f"{self._server.user}/messages{path}", **IMMUTABLE))
        except Refusal as error:
            if error.is_missing:
                return None
            if error.leaves_doubt:
                raise Cut(error.reply.text) from error
            with no_drafts_if_denied():
                raise

    def _make(self) -> Note:
        """A draft with everything in it, its id on disk."""
        directly = self._fits()
        body = self._mail.as_json(attached=directly, delete_after_submit=not self._server.save_to_sent_items)
        try:
            with no_drafts_if_denied():
                made = json_of(self._api.call("POST", f"{self._server.user}/messages", body, **IMMUTABLE))
                note = Note(self._server.user, id_in(made), self._recipients)
                self._lease.keep(str(note))
                self._access.learn(may_draft=True)
                self._api.step("draft made")
                for attachment in self._mail.attachments if not directly else []:
                    attach(self._api, self._url(note), attachment)
        except Cut as cut:
            raise BackendError(Fault.TRANSIENT, Reply(text=str(cut))) from cut
        return note

    def _fits(self) -> bool:
        """Whether all attachments go into one request with the mail."""
        # Asked of the whole, which costs no memory: Exchange Online takes no more in one mail either.
        if len(self._mail.envelope.content) > LARGEST_MAIL:
            raise BackendError(Fault.PERMANENT, Reply(text="The mail is larger than the 150 MB that Graph takes"))
        # As JSON the mail is no larger than as MIME, where attachments are base64 as well.
        return len(self._mail.envelope.content) < LARGEST_REQUEST - ROOM or not self._mail.attachments

    def _dispatch(self, note: Note) -> Reply:
        """Order the draft to be sent, and look what became of it when there is no clear answer."""
        ordered = replace(note, sending=True, ordered_at=time.time(), looks=0)
        self._lease.keep(str(ordered))
        try:
            response = self._api.call("POST", f"{self._url(note)}/send", **IMMUTABLE)
        except Cut as cut:
            return self._settle(note, BackendError(Fault.AMBIGUOUS, Reply(text=str(cut))))
        except Refusal as error:
            # What an earlier order may have done by now is no refusal of this one.
            if error.leaves_doubt or (note.sending and error.fault in (Fault.PERMANENT, Fault.TRANSIENT)):
                return self._settle(note, error)
            if error.fault is Fault.PERMANENT or error.is_missing:
                self._discard(note)
            else:
                # A clear no: the next try need not wait to see whether it was one.
                self._lease.keep(str(replace(ordered, ordered_at=0.0)))
            raise
        return accepted(response, "Accepted by Microsoft")

    def _settle(self, note: Note, error: BackendError) -> Reply:
        try:
            found = self._found(note)
        except (Cut, BackendError, NoDrafts) as second:
            raise BackendError(Fault.AMBIGUOUS, error.reply) from second
        if found is None and self._server.save_to_sent_items:
            raise BackendError(Fault.AMBIGUOUS, error.reply) from error
        if found is not None and found.is_draft:
            raise self._unsent(note, error) from error
        return accepted(None, "Accepted by Microsoft: it did not answer, but the mail is sent")

    def _unsent(self, note: Note, error: BackendError) -> BackendError:
        """Still a draft: refused for good, or the next try looks again, and then sends this very draft."""
        if error.fault is Fault.PERMANENT:
            self._discard(note)
            return error
        # Its Retry-After is everybody's pause, so it stays as it is; that this mail has to settle is in its note.
        fault = Fault.THROTTLED if error.fault is Fault.THROTTLED else Fault.TRANSIENT
        return BackendError(fault, error.reply)

    def _discard(self, note: Note) -> None:
        """Leave no draft behind. Forgotten first: a crash in between must not look as if Exchange had sent it."""
        self._lease.keep("")
        self._delete(note.id)

    def _delete(self, message_id: str) -> None:
        """A draft that cannot be deleted is only untidy."""
        with suppress(Refusal, Cut):
            self._api.call("DELETE", f"{self._server.user}/messages/{quote(message_id, safe='')}", **IMMUTABLE)

    def _url(self, note: Note) -> str:
        return f"{self._server.user}/messages/{quote(note.id, safe='')}"


@contextmanager
def no_drafts_if_denied() -> Iterator[None]:
    try:
        yield
    except Refusal as error:
        if error.is_denied:
            raise NoDrafts from error
        raise


def id_in(message: dict[str, Any]) -> str:
    """Raises Cut: without its id, a draft is as good as none."""
    found = message.get("id")
    if not isinstance(found, str) or not found:
        raise Cut("Graph made a draft without an id")
    return found


def found_in(message: dict[str, Any]) -> Found:
    return Found(str(message.get("id", "")), is_draft=message.get("isDraft") is not False)


def accepted(response: requests.Response | None, text: str) -> Reply:
    """202: taken, which is not delivered; a report of failure would come to the sender's mailbox."""
    if response is None:
        return Reply(202, "", text)
    return Reply(202, "", text, reference_of(response), retry_after(response))
