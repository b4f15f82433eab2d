"""Attachments that are too large for one request: Microsoft, "Attach large files to Outlook messages"."""

from typing import Any
from urllib.parse import unquote

import requests

from notifications.backends.base import BackendError, Fault, Reply
from notifications.backends.graph_api import GraphApi, json_of
from notifications.backends.graph_errors import Cut, Refusal
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
        api.call("POST", f"{message_url}/attachments", attachment.as_json())
        return
    item = {
        "attachmentType": "file",
        "name": attachment.name,
        "contentType": attachment.content_type,
        "size": len(attachment.content),
        **attachment.inline,
    }
    answer = api.call("POST", f"{message_url}/attachments/createUploadSession", {"AttachmentItem": item})
    url = json_of(answer).get("uploadUrl")
    if not isinstance(url, str):
        raise Cut("Graph's upload session has no address")
    Upload(api, url, attachment.content).run()


class Upload:
    """Range after range, resumed where the server says that it stopped."""

    def __init__(self, api: GraphApi, url: str, content: bytes) -> None:
        self._api = api
        self._url = url
        self._content = content
        # Whoever knows the address may write.
        api.hide(url.partition("?")[2])
        api.hide(unquote(url.partition("?")[2]))

    def run(self) -> None:
        """Raises BackendError."""
        start, standstills = 0, 0
        while True:
            trouble = "no end of it was in sight"
            try:
                following = self._next(self._put(start))
            except Cut as cut:
                trouble = str(cut)
                following = self._resumed(start)
            if following is None:
                return
            standstills = 0 if following > start else standstills + 1
            if standstills > MOST_STANDSTILLS:
                raise BackendError(Fault.TRANSIENT, Reply(text=f"The attachment could not be uploaded: {trouble}"))
            start = following

    def _put(self, start: int) -> requests.Response:
        """The address is itself the permission: with our token added, Microsoft refuses."""
        piece = self._content[start : start + RANGE]
        place = f"bytes {start}-{start + len(piece) - 1}/{len(self._content)}"
        headers = {"Content-Range": place, "Content-Type": "application/octet-stream"}
        try:
            return self._api.exchange("PUT", self._url, piece, headers)
        except Refusal as error:
            if error.leaves_doubt or error.status in ASK_AGAIN:
                raise Cut(error.reply.text) from error
            raise eased(error) from error

    def _resumed(self, start: int) -> int | None:
        """Where to go on; where it was when the question is lost as well, for then asking again costs nothing."""
        try:
            return self._next(self._api.exchange("GET", self._url, b"", {}))
        except Cut:
            return start
        except Refusal as error:
            if error.leaves_doubt:
                return start
            raise eased(error) from error

    def _next(self, response: requests.Response) -> int | None:
        """None when all is there: 201, or no range that is still expected."""
        if response.status_code == 201:
            return None
        expected = json_of(response).get("nextExpectedRanges")
        return first_byte(expected) if expected else None


def eased(error: Refusal) -> BackendError:
    """An upload's address has an end of its own; that it is over says nothing about the settings."""
    return BackendError(Fault.TRANSIENT, error.reply) if error.fault.holds else error


def first_byte(expected: Any) -> int:
    """`["3932160-"]` or `["0-99"]`: the first number."""
    try:
        return int(str(expected[0]).partition("-")[0])
    except (ValueError, IndexError, TypeError, KeyError) as error:
        raise Cut("Graph did not say where to go on with the attachment") from error
