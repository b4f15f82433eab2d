"""One HTTP request as its bytes arrive: whether all of it is here, and whether it is too large to wait for.

The limits are ours; what the request means is for gunicorn's parser, which sees it once it is whole. A request that is
module misreads costs its sender an error, never a thread.
"""

import re

HEAD_LIMIT = 32 * 1024
# Seconds for the head (request line and headers), and for the body before its rate counts.
HEAD_SECONDS = 10.0
BODY_SECONDS = 20.0
# Bytes a second that a body needs after that: the largest report takes nine minutes at this rate.
SLOWEST_BODY = 16 * 1024
# A chunk's size line; extensions are of no use here.
LONGEST_SIZE_LINE = 256

END_OF_HEAD = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)[ \t]*\r\n", re.I)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked", re.I)
CONTINUE = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*\r\n", re.I)
SIZE_LINE = re.compile(rb"([0-9a-f]{1,8})[^\r\n]*\r\n", re.I)
API = re.compile(rb"\s*[A-Z]+ (https?://[^/ ]*)?/api/")


class Refused(Exception):
    """The request is not accepted; `status` is what to answer."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Incoming:
    """Reads `received`, which grows as bytes arrive; `began` is a moment of the monotonic clock."""

    def __init__(self, received: bytearray, body_limit: int, began: float) -> None:
        self.received = received
        self.body_limit = body_limit
        self.began = began
        # Of a body in chunks, as far as it was counted: its size without the size lines.
        self.chunked_size: int | None = None
        self.awaits_continue = False
        self._length = 0
        self._searched = 0
        self._head_end = 0
        self._next_chunk = 0

    @property
    def is_api(self) -> bool:
        return API.match(self.received) is not None

    @property
    def deadline(self) -> float:
        """The moment when the request must be whole, which moves while a body arrives fast enough."""
        if not self._head_end:
            return self.began + HEAD_SECONDS
        return self.began + BODY_SECONDS + len(self.received) / SLOWEST_BODY

    def is_whole(self) -> bool:
        """Raises Refused for what is larger than its limit, as soon as that is known."""
        if not self._head_end and not self._read_head():
            return False
        if self.chunked_size is None:
            return len(self.received) >= self._head_end + self._length
        return self._has_last_chunk()

    def _read_head(self) -> bool:
        end = self.received.find(END_OF_HEAD, max(0, self._searched - len(END_OF_HEAD)))
        self._searched = len(self.received)
        if max(end, self._searched if end < 0 else 0) > HEAD_LIMIT:
            raise Refused(431)
        if end < 0:
            return False
        self._head_end = self._next_chunk = end + len(END_OF_HEAD)
        head = bytes(self.received[: self._head_end])
        self.awaits_continue = CONTINUE.search(head) is not None
        if CHUNKED.search(head):
            self.chunked_size = 0
        elif length := LENGTH.search(head):
            self._length = self._checked(length[1])
        return True

    def _checked(self, digits: bytes) -> int:
        # Compared by length first: a number of 5,000 digits is one that int() refuses.
        if len(digits) > 15 or int(digits) > self.body_limit:
            raise Refused(413)
        return int(digits)

    def _has_last_chunk(self) -> bool:
        """RFC 9112 7.1. What is malformed counts as whole: the parser refuses it."""
        while line := SIZE_LINE.match(self.received, self._next_chunk):
            size = int(line[1], 16)
            if size == 0:
                # Behind it trailers may follow, or the empty line alone.
                return self.received.find(END_OF_HEAD, line.end() - 2) >= 0 or self._is_beyond(HEAD_LIMIT)
            counted = (self.chunked_size or 0) + size
            # Chunks of one byte each have six times their size on the wire.
            if max(counted, len(self.received) // 2) > self.body_limit:
                raise Refused(413)
            if len(self.received) < line.end() + size + 2:
                return False
            self.chunked_size = counted
            self._next_chunk = line.end() + size + 2
        return self._is_beyond(LONGEST_SIZE_LINE) or self.received.find(b"\r\n", self._next_chunk) >= 0

    def _is_beyond(self, limit: int) -> bool:
        return len(self.received) - self._next_chunk > limit
