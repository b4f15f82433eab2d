"""A message's way through a draft: made, its id kept, sent, and looked at by whoever comes after a crash.

Sources: Microsoft, "Create message", "message: send", "Obtain immutable identifiers for Outlook resources".
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import quote

import requests

from notifications.backends.base import BackendError, Fault, Reply, Stage
from notifications.backends.graph_api import GraphAccess, GraphApi, json_of, reference_of
from notifications.backends.graph_errors import Cut, Refusal
from notifications.backends.graph_faults import REFUSING, Call
from notifications.backends.graph_note import Note
from notifications.backends.graph_parts import Part
from notifications.backends.graph_upload import LARGEST, LARGEST_REQUEST, attach
from notifications.outbound import retry_after

IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}
SELECT = "$select=id,isDraft"
# For names, quotes and headers of the JSON.
ROOM = 128 * 1024
# In base64, whose lines have 57 bytes in 78.
LARGEST_MAIL = LARGEST * 78 // 57 + ROOM
Answer = TypeVar("Answer")
# A message that was sent shows up in Sent Items within seconds; after so many tries it is not there.
MOST_LOOKS = 3


@dataclass(frozen=True)
class Found:
    """A message in the sender's mailbox."""

    id: str
    is_draft: bool


class NoDrafts(Exception):
    """The app may not make drafts in this mailbox."""


class ForeignId(Exception):
    """The mailbox never had a message of this id, as after it was created again."""


class Drafting:
    """One message's way by a draft, from wherever an earlier try left it."""

    def __init__(self, api: GraphApi, access: GraphAccess, part: Part) -> None:
        self._api = api
        self._access = access
        self._server = api.server
        self._mail = part.mail
        self._recipients = part.recipients
        self._notes = part.notes

    def run(self) -> Reply:
        """Return Graph's acceptance. Raises NoDrafts, Refusal or BackendError."""
        note = self._earlier()
        found = self._look(note) if note else None
        if note and found and not found.is_draft:
            return accepted(None, "Accepted by Microsoft: found among the sent mails")
        usable = self._usable(note) if note and found else None
        return self._dispatch(usable or self._make())

    def _earlier(self) -> Note | None:
        """Return what an earlier try left; one that noted nothing may still have made a draft, which nobody sends."""
        note = self._notes.open_for(self._recipients)
        if note and note.id:
            return note
        if not self._mail.envelope.lease.is_first:
            for found in self._asked(self._with_message_id):
                if found.is_draft:
                    self._delete(found.id)
        return None

    def _usable(self, note: Note) -> Note | None:
        """Return the draft, if all of it is there, from this sender and for these very recipients; else leave nothing.

        Some may have the email from another mail server meanwhile, and the settings may name another sender.
        """
        if note.is_of_the_future:
            note = replace(note, ordered_at=time.time())
            self._notes.keep(note)
        if note.settles_in:
            text = "The mail still looks like a draft; so soon after the order to send it that proves nothing"
            reply = Reply(text=text, retry_after=timedelta(seconds=note.settles_in))
            raise BackendError(Fault.TRANSIENT, reply, stage=Stage.LOOKUP)
        is_this_one = note.sender in ("", self._mail.sender) and set(note.recipients) == set(self._recipients)
        if note.sending and is_this_one:
            return note
        self._discard(note)
        return None

    def _look(self, note: Note) -> Found | None:
        """Return the message as the last try left it; None when it is nowhere and has to be made again.

        Where the mailbox cannot be asked any more, an order that may have arrived is in doubt once; then it is given
        again.
        """
        try:
            found = self._asked(lambda: self._found(note))
        except (NoDrafts, ForeignId) as error:
            if note.may_have_arrived and not note.looks:
                self._notes.keep(replace(note, looks=1))
                text = "The app can no longer look up whether the last try was sent (Mail.ReadWrite)"
                raise BackendError(Fault.AMBIGUOUS, Reply(text=text), stage=Stage.LOOKUP) from error
            self._notes.forget(note)
            if isinstance(error, NoDrafts):
                raise
            return None
        return self._vanished(note) if found is None and note.may_have_arrived else found

    def _asked(self, question: Callable[[], Answer]) -> Answer:
        try:
            return question()
        except Cut as cut:
            text = f"Could not find out whether the last try was sent: {cut}"
            raise BackendError(Fault.TRANSIENT, Reply(text=text), stage=Stage.LOOKUP) from cut

    def _vanished(self, note: Note) -> Found | None:
        if not self._server.save_to_sent_items:
            # Told to keep no copy, Exchange has removed what it sent.
            return Found(note.id, is_draft=False)
        if note.looks >= MOST_LOOKS:
            return None
        self._notes.keep(replace(note, looks=note.looks + 1))
        text = "The mail is neither among the drafts nor among the sent mails yet; looking again later"
        raise BackendError(Fault.TRANSIENT, Reply(text=text), stage=Stage.LOOKUP)

    def _found(self, note: Note) -> Found | None:
        """Return the message by its id; else what was sent by Message-ID, for ids may change then.

        A draft of that Message-ID is another try's: the id of one that was not sent stays. Raises Cut, NoDrafts and
        ForeignId.
        """
        foreign: ForeignId | None = None
        try:
            by_id = self._ask(Call.LOOK, f"/{quote(note.id, safe='')}?{SELECT}")
            if by_id is not None:
                return found_in(by_id)
        except ForeignId as error:
            foreign = error
        sent = next((found for found in self._with_message_id() if not found.is_draft), None)
        if sent is None and foreign is not None:
            raise foreign
        return sent

    def _with_message_id(self) -> list[Found]:
        wanted = self._mail.internet_message_id.replace("'", "''")
        condition = quote(f"internetMessageId eq '{wanted}'")
        value = (self._ask(Call.FIND, f"?$filter={condition}&{SELECT}") or {"value": []}).get("value")
        if not isinstance(value, list):
            raise Cut("Graph's reply is not a list of messages")
        return [found_in(each) for each in value]

    def _ask(self, call: Call, path: str) -> dict[str, Any] | None:
        """Return what Graph has there; None for nothing."""
        try:
            return json_of(self._api.call(call, "GET", f"{self._server.user}/messages{path}", **IMMUTABLE))
        except Refusal as error:
            if error.is_missing:
                return None
            if error.is_foreign:
                raise ForeignId from error
            if not error.is_clear:
                raise Cut(error.reply.text) from error
            with no_drafts_if_denied():
                raise

    def _make(self) -> Note:
        """Return the note, on disk, of a draft with everything in it."""
        directly = self._fits()
        body = self._mail.as_json(attached=directly, delete_after_submit=not self._server.save_to_sent_items)
        try:
            with no_drafts_if_denied():
                made = json_of(self._api.call(Call.DRAFT, "POST", f"{self._server.user}/messages", body, **IMMUTABLE))
                identity, sender = self._mail.internet_message_id, self._mail.sender
                note = Note(self._server.user, id_in(made), self._recipients, message_id=identity, sender=sender)
                self._notes.keep(note)
                self._access.learn(may_draft=True)
                self._api.step("draft made")
                for attachment in self._mail.attachments if not directly else []:
                    attach(self._api, self._url(note), attachment)
        except Cut as cut:
            raise BackendError(Fault.TRANSIENT, Reply(text=str(cut)), stage=Stage.DRAFT) from cut
        return note

    def _fits(self) -> bool:
        """Whether all attachments go into one request with the email."""
        # Asked of the whole, which costs no memory: Exchange Online takes no more in one email either.
        if len(self._mail.envelope.content) > LARGEST_MAIL:
            text = "The mail is larger than the 150 MB that Graph takes"
            raise BackendError(Fault.PERMANENT, Reply(text=text), stage=Stage.DRAFT)
        # As JSON the email is no larger than as MIME, where attachments are base64 as well.
        return len(self._mail.envelope.content) < LARGEST_REQUEST - ROOM or not self._mail.attachments

    def _dispatch(self, note: Note) -> Reply:
        """Order the draft to be sent, and look what became of it when there is no clear reply."""
        ordered = replace(note, sending=True, ordered_at=time.time(), looks=0)
        self._notes.keep(ordered)
        try:
            response = self._api.call(Call.SEND, "POST", f"{self._url(note)}/send", **IMMUTABLE)
        except Cut as cut:
            error = BackendError(Fault.AMBIGUOUS, Reply(text=str(cut)), stage=Stage.SEND, timed_out=cut.timed_out)
            return self._settle(note, error)
        except Refusal as refused:
            # What an earlier order may have done by now is no refusal of this one.
            if not refused.is_clear or (note.sending and refused.fault in (*REFUSING, Fault.TRANSIENT)):
                return self._settle(note, refused)
            self._forgo(ordered, refused)
            raise
        except BackendError:
            # Nothing was sent, so there is no order to wait for.
            self._notes.keep(replace(ordered, ordered_at=0.0))
            raise
        return accepted(response, "Accepted by Microsoft")

    def _forgo(self, ordered: Note, refused: Refusal) -> None:
        """Leave no draft that can never be sent; of another one, note that the order was clearly rejected."""
        if refused.fault in REFUSING or refused.is_missing or refused.is_too_many_recipients:
            self._discard(ordered)
        else:
            self._notes.keep(replace(ordered, ordered_at=0.0))

    def _settle(self, note: Note, error: BackendError) -> Reply:
        doubt = BackendError(Fault.AMBIGUOUS, error.reply, stage=Stage.SEND, timed_out=error.timed_out)
        try:
            found = self._found(note)
        except (Cut, BackendError, NoDrafts, ForeignId) as second:
            raise doubt from second
        if found is None and self._server.save_to_sent_items:
            raise doubt from error
        if found is not None and found.is_draft:
            raise self._unsent(note, error) from error
        return accepted(None, "Accepted by Microsoft: it did not answer, but the mail is sent")

    def _unsent(self, note: Note, error: BackendError) -> BackendError:
        """Return what it means that the draft is still one: refused for good, or sent by the next try, which looks."""
        if error.fault in REFUSING:
            self._discard(note)
            return error
        # Its Retry-After is everybody's pause, so it stays as it is; that this email has to settle is in its note.
        fault = Fault.THROTTLED if error.fault is Fault.THROTTLED else Fault.TRANSIENT
        return BackendError(fault, error.reply, stage=Stage.SEND, timed_out=error.timed_out)

    def _discard(self, note: Note) -> None:
        """Leave no draft behind. Forgotten first: a crash in between must not look as if Exchange had sent it."""
        self._notes.forget(note)
        self._delete(note.id)

    def _delete(self, message_id: str) -> None:
        """A draft that cannot be deleted is only untidy."""
        with suppress(BackendError, Cut):
            url = f"{self._server.user}/messages/{quote(message_id, safe='')}"
            self._api.call(Call.DELETE, "DELETE", url, **IMMUTABLE)

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
    """Return the new draft's id. Raises Cut: without it, a draft is as good as none."""
    found = message.get("id")
    if not isinstance(found, str) or not found:
        raise Cut("Graph made a draft without an id")
    return found


def found_in(message: Any) -> Found:
    """Raise Cut for what does not say whether it is a draft: taken for one, a message that was sent goes out again."""
    values = message if isinstance(message, dict) else {}
    message_id, is_draft = values.get("id"), values.get("isDraft")
    if not isinstance(message_id, str) or not isinstance(is_draft, bool):
        raise Cut("Graph's reply does not say whether the message is a draft")
    return Found(message_id, is_draft)


def accepted(response: requests.Response | None, text: str) -> Reply:
    """Return what to record: accepted, which is not delivered; a report of failure goes to the sender's mailbox."""
    if response is None:
        return Reply(202, "", text)
    return Reply(202, "", text, reference_of(response), retry_after(response))
