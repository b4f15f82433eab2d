"""Attachments that are too large for one request: Microsoft, "Attach large files to Outlook messages"."""

from typing import Any
from urllib.parse import urlsplit

import requests

from notifications.backends.base import BackendError, Fault, Reply
from notifications.backends.graph_api import GraphApi, json_of
from notifications.backends.graph_errors import Cut, Refusal
from notifications.backends.graph_mail import Attachment

MB = 1024 * 1024
# Microsoft: for a whole request.
LARGEST_REQUEST = 4 * MB
# By POST; from here to LARGEST by upload session.
DIRECT = 3 * MB
LARGEST = 150 * MB
# Below 4 MB, and a multiple of 320 KiB as Microsoft recommends.
RANGE = 12 * 320 * 1024
# Drops in a row without a byte taken in between.
MOST_DROPS = 5


def attach(api: GraphApi, message_url: str, attachment: Attachment) -> None:
    """Add `attachment` to the draft. Raises BackendError or Cut."""
    if len(attachment.content) < DIRECT:
        api.call("POST", f"{message_url}/attachments", attachment.as_json())
        return
    item = {"attachmentType": "file", "name": attachment.name, "size": len(attachment.content)}
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
        api.hide(urlsplit(url).query)

    def run(self) -> None:
        """Raises BackendError."""
        start: int | None = 0
        drops = 0
        while start is not None:
            try:
                start, drops = self._next(self._put(start)), 0
            except Cut as cut:
                drops += 1
                if drops > MOST_DROPS:
                    text = f"The attachment could not be uploaded: {cut}"
                    raise BackendError(Fault.TRANSIENT, Reply(text=text)) from cut
                start = self._resumed(start or 0)

    def _put(self, start: int) -> requests.Response:
        """The address is itself the permission: with our token added, Microsoft refuses."""
        piece = self._content[start : start + RANGE]
        place = f"bytes {start}-{start + len(piece) - 1}/{len(self._content)}"
        headers = {"Content-Range": place, "Content-Type": "application/octet-stream"}
        try:
            return self._api.exchange("PUT", self._url, piece, headers)
        except Refusal as error:
            if error.leaves_doubt:
                raise Cut(error.reply.text) from error
            raise

    def _resumed(self, start: int) -> int | None:
        """Where to go on; where it was when the question is lost as well, for then asking again costs nothing."""
        try:
            return self._next(self._api.exchange("GET", self._url, b"", {}))
        except Cut:
            return start

    def _next(self, response: requests.Response) -> int | None:
        """None when all is there: 201, or no range that is still expected."""
        if response.status_code == 201:
            return None
        expected = json_of(response).get("nextExpectedRanges")
        return first_byte(expected) if expected else None


def first_byte(expected: Any) -> int:
    """`["3932160-"]` or `["0-99"]`: the first number."""
    try:
        return int(str(expected[0]).partition("-")[0])
    except (ValueError, IndexError, TypeError, KeyError) as error:
        raise Cut("Graph did not say where to go on with the attachment") from error
