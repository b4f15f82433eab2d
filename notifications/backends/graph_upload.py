"""Attachments that are too large for one request: Microsoft, "Attach large files to Outlook messages"."""

from typing import Any
from urllib.parse import unquote

import requests

from notifications.backends.base import BackendError, Fault, Reply, Stage
from notifications.backends.graph_api import GraphApi, json_of
from notifications.backends.graph_errors import Cut, Refusal
from notifications.backends.graph_faults import Call
from notifications.backends.graph_mail import Attachment

MB = 1024 * 1024
# Microsoft: for a whole request.
LARGEST_REQUEST = 4 * MB
# By POST, for in base64 it still fits into a request; from here to LARGEST by upload session.
DIRECT = 3_000_000
LARGEST = 150 * MB
# Below 4 MB, and a multiple of 320 KiB as Microsoft recommends.
RANGE = 12 * 320 * 1024
# In a row, without a byte taken in between.
MOST_STANDSTILLS = 5
# The session is over, or is somewhere else than we think: it says so when asked.
ASK_AGAIN = {404, 409, 416}


def attach(api: GraphApi, message_url: str, attachment: Attachment) -> None:
    """Add `attachment` to the draft. Raises BackendError or Cut."""
    if len(attachment.content) < DIRECT:
        made = json_of(api.call(Call.ATTACH, "POST", f"{message_url}/attachments", attachment.as_json()))
        if not isinstance(made.get("id"), str):
            raise Cut("Graph's reply does not name the attachment that it added")
        return
    item = {
        "attachmentType": "file",
        "name": attachment.name,
        "contentType": attachment.content_type,
        "size": len(attachment.content),
        **attachment.inline,
    }
    address = f"{message_url}/attachments/createUploadSession"
    url = json_of(api.call(Call.SESSION, "POST", address, {"AttachmentItem": item})).get("uploadUrl")
    if not isinstance(url, str):
        raise Cut("Graph's upload session has no address")
    Upload(api, url, attachment.content).run()


class Upload:
    """Range after range, resumed where the server says that it stopped."""

    def __init__(self, api: GraphApi, url: str, content: bytes) -> None:
        self._api = api
        self._url = url
        self._content = content
        # Where the furthest range ends that was sent: no reply can be about more.
        self._end = 0
        # Whoever knows the address may write.
        api.hide(url.partition("?")[2])
        api.hide(unquote(url.partition("?")[2]))

    def run(self) -> None:
        """Raises BackendError."""
        start, standstills = 0, 0
        while True:
            trouble = "the upload did not end"
            try:
                following = self._next(self._put(start))
            except Cut as cut:
                trouble = str(cut)
                following = self._resumed(start)
            if following is None:
                return
            standstills = 0 if following > start else standstills + 1
            if standstills > MOST_STANDSTILLS:
                text = f"The attachment could not be uploaded: {trouble}"
                raise BackendError(Fault.TRANSIENT, Reply(text=text), stage=Stage.UPLOAD)
            start = following

    def _put(self, start: int) -> requests.Response:
        """The address is itself the permission: with our token added, Microsoft rejects it."""
        piece = self._content[start : start + RANGE]
        end = start + len(piece)
        place = f"bytes {start}-{end - 1}/{len(self._content)}"
        headers = {"Content-Range": place, "Content-Type": "application/octet-stream"}
        self._end = max(self._end, end)
        try:
            return self._api.exchange(Call.RANGE, "PUT", self._url, piece, headers)
        except Refusal as error:
            if error.leaves_doubt or error.status in ASK_AGAIN:
                raise Cut(error.reply.text) from error
            raise eased(error) from error

    def _resumed(self, start: int) -> int | None:
        """Return where to go on: where it was when the question is lost as well, for asking again costs nothing."""
        try:
            return self._next(self._api.exchange(Call.RANGES, "GET", self._url, b"", {}))
        except Cut:
            return start
        except Refusal as error:
            if error.leaves_doubt:
                return start
            raise eased(error) from error

    def _next(self, response: requests.Response) -> int | None:
        """Return the next byte to send; None when all is there. Raises Cut for a reply that cannot be about our ranges.

        Believed, a reply that is ahead of what was sent would leave a gap in the attachment.
        """
        expected = [] if response.status_code == 201 else json_of(response).get("nextExpectedRanges")
        following = len(self._content) if expected == [] else first_byte(expected)
        if following > self._end or (expected and following >= len(self._content)):
            raise Cut("Graph expects the attachment to go on where nothing was sent yet")
        return None if expected == [] else following


def eased(error: Refusal) -> BackendError:
    """Return `error` so that it holds nothing: an upload's address expires, which says nothing about the settings."""
    return BackendError(Fault.TRANSIENT, error.reply, stage=Stage.UPLOAD) if error.fault.holds else error


def first_byte(expected: Any) -> int:
    """Return the first number of `["3932160-"]` or `["0-99"]`. Raises Cut where there is none."""
    try:
        return int(str(expected[0]).partition("-")[0])
    except (ValueError, IndexError, TypeError, KeyError) as error:
        raise Cut("Graph did not say where to go on with the attachment") from error
