"""A mail's way through a draft: made, its id kept, sent, and looked at by whoever comes after a crash.

Sources: Microsoft, "Create message", "message: send", "Obtain immutable identifiers for Outlook resources".
"""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import quote

import requests

from notifications.backends.base import BackendError, Fault, Reply
from notifications.backends.deadline import DeadlineExceeded
from notifications.backends.graph_api import GraphAccess, GraphApi, json_of, reference_of
from notifications.backends.graph_errors import Cut, Refusal, retry_after
from notifications.backends.graph_mail import GraphMail
from notifications.backends.graph_upload import LARGEST, LARGEST_REQUEST, attach

IMMUTABLE = {"Prefer": 'IdType="ImmutableId"'}
SELECT = "$select=id,isDraft"
# For names, quotes and headers of the JSON.
ROOM = 128 * 1024
# A mail that was sent shows up in Sent Items within seconds; after so many tries it is not there.
MOST_LOOKS = 3


@dataclass(frozen=True)
class Note:
    """What the next try has to know of this one's draft. `sending`: the order to send it may have arrived."""

    home: str
    id: str
    sending: bool = False
    looks: int = 0

    @classmethod
    def read(cls, text: str) -> "Note | None":
        return cls(**json.loads(text)) if text else None

    def __str__(self) -> str:
        return json.dumps(asdict(self))


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
        self._memory = mail.envelope.memory

    def run(self) -> Reply:
        """Raises NoDrafts, Refusal or BackendError."""
        note = self._earlier()
        if note is not None:
            found = self._look(note)
            if found is not None and not found.is_draft:
                return accepted(None, "Accepted by Microsoft: found among the sent mails")
            note = self._usable(note, found)
        return self._dispatch(note or self._make())

    def _earlier(self) -> Note | None:
        """What an earlier try left; a try that noted nothing may still have made a draft."""
        note = Note.read(self._memory.recall())
        if note and note.home == self._server.user:
            return note
        return None if self._memory.is_first else Note(self._server.user, "")

    def _usable(self, note: Note, found: Found | None) -> Note | None:
        """The draft, if all of it is there; else none, and nothing is left of it."""
        if found is None:
            return None
        note = replace(note, id=found.id)
        if note.sending:
            return note
        self._discard(note)
        return None

    def _look(self, note: Note) -> Found | None:
        """The mail as the last try left it; None when it is nowhere and has to be made anew."""
        try:
            found = self._found(note)
        except Cut as cut:
            text = f"Could not find out whether the last try was sent: {cut}"
            raise BackendError(Fault.TRANSIENT, Reply(text=text)) from cut
        if found is not None or not note.sending:
            return found
        return self._vanished(note)

    def _vanished(self, note: Note) -> Found | None:
        if not self._server.save_to_sent_items:
            # Told to keep no copy, Exchange has removed what it sent.
            return Found(note.id, is_draft=False)
        if note.looks >= MOST_LOOKS:
            return None
        self._memory.keep(str(replace(note, looks=note.looks + 1)))
        text = "The mail is neither among the drafts nor among the sent mails yet; looking again later"
        raise BackendError(Fault.TRANSIENT, Reply(text=text))

    def _found(self, note: Note) -> Found | None:
        """The mail by id, else by Message-ID, for an id may change when a draft is sent. Raises Cut and NoDrafts."""
        by_id = self._ask(f"/{quote(note.id, safe='')}?{SELECT}") if note.id else None
        if by_id is not None:
            return found_in(by_id)
        wanted = self._mail.internet_message_id.replace("'", "''")
        condition = quote(f"internetMessageId eq '{wanted}'")
        by_message_id = self._ask(f"?$filter={condition}&{SELECT}") or {}
        found = [found_in(each) for each in by_message_id.get("value", []) if isinstance(each, dict)]
        return min(found, key=lambda each: each.is_draft, default=None)

    def _ask(self, path: str) -> dict[str, Any] | None:
        """What Graph has there; None for nothing."""
        try:
            return json_of(self._api.call("GET", f"{self._server.user}/messages{path}", **IMMUTABLE))
        except Refusal as error:
            if error.status == 404:
                return None
            if error.status == 403:
                raise NoDrafts from error
            if error.leaves_doubt:
                raise Cut(error.reply.text) from error
            raise

    def _make(self) -> Note:
        """A draft with everything in it, its id on disk."""
        directly = self._fits()
        body = self._mail.as_json(attached=directly, delete_after_submit=not self._server.save_to_sent_items)
        try:
            made = json_of(self._api.call("POST", f"{self._server.user}/messages", body, **IMMUTABLE))
        except Refusal as error:
            if error.status == 403:
                raise NoDrafts from error
            raise
        except Cut as cut:
            raise BackendError(Fault.TRANSIENT, Reply(text=str(cut))) from cut
        note = Note(self._server.user, str(made.get("id", "")))
        self._memory.keep(str(note))
        self._access.learn(may_draft=True)
        if not directly:
            self._attach(note)
        return note

    def _fits(self) -> bool:
        """Whether all attachments go into one request with the mail."""
        if any(len(attachment.content) > LARGEST for attachment in self._mail.attachments):
            raise BackendError(Fault.PERMANENT, Reply(text="An attachment is larger than the 150 MB that Graph takes"))
        # As JSON the mail is no larger than as MIME, where attachments are base64 as well.
        return len(self._mail.envelope.content) < LARGEST_REQUEST - ROOM or not self._mail.attachments

    def _attach(self, note: Note) -> None:
        try:
            for attachment in self._mail.attachments:
                attach(self._api, self._url(note), attachment)
        except Cut as cut:
            raise BackendError(Fault.TRANSIENT, Reply(text=str(cut))) from cut

    def _dispatch(self, note: Note) -> Reply:
        """Order the draft to be sent, and look what became of it when there is no clear answer."""
        self._memory.keep(str(replace(note, sending=True, looks=0)))
        try:
            response = self._api.call("POST", f"{self._url(note)}/send", **IMMUTABLE)
        except Cut as cut:
            return self._settle(note, BackendError(Fault.AMBIGUOUS, Reply(text=str(cut))))
        except Refusal as error:
            if error.leaves_doubt:
                return self._settle(note, error)
            if error.fault is Fault.PERMANENT:
                self._discard(note)
            raise
        return accepted(response, "Accepted by Microsoft")

    def _settle(self, note: Note, error: BackendError) -> Reply:
        try:
            found = self._found(note)
        except (Cut, BackendError, NoDrafts, DeadlineExceeded) as second:
            raise BackendError(Fault.AMBIGUOUS, error.reply) from second
        if found is None and self._server.save_to_sent_items:
            raise BackendError(Fault.AMBIGUOUS, error.reply) from error
        if found is not None and found.is_draft:
            # Still a draft, so nothing went out; the next try sends this very draft.
            fault = Fault.THROTTLED if error.fault is Fault.THROTTLED else Fault.TRANSIENT
            raise BackendError(fault, error.reply) from error
        return accepted(None, "Accepted by Microsoft: it did not answer, but the mail is sent")

    def _discard(self, note: Note) -> None:
        """Leave no draft behind; one that cannot be deleted is only untidy."""
        with suppress(Refusal, Cut):
            self._api.call("DELETE", self._url(note), **IMMUTABLE)
        self._memory.keep("")

    def _url(self, note: Note) -> str:
        return f"{self._server.user}/messages/{quote(note.id, safe='')}"


def found_in(message: dict[str, Any]) -> Found:
    return Found(str(message.get("id", "")), is_draft=message.get("isDraft") is not False)


def accepted(response: requests.Response | None, text: str) -> Reply:
    """202: taken, which is not delivered; a report of failure would come to the sender's mailbox."""
    if response is None:
        return Reply(202, "", text)
    return Reply(202, "", text, reference_of(response), retry_after(response))
