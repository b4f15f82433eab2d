"""A body in chunks, whose length is known at its end: the HTTP clients of .NET and Java send one by default."""

import re
import sys
from typing import IO

from django.core.handlers.wsgi import LimitedStream
from django.http import HttpRequest
from gunicorn.http.errors import ParseException

READ_AT_ONCE = 64 * 1024
# A size in hexadecimal digits, and extensions, which may be ignored (RFC 9112, section 7.1.1).
SIZE_LINE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?\r?\n")
LONGEST_LINE = 4096
MOST_TRAILERS = 100


class BrokenChunks(Exception):
    """The body ended before its last chunk, or is not framed as RFC 9112 has it."""


class TooLarge(Exception):
    """The body has more bytes than the limit."""


def is_chunked(request: HttpRequest) -> bool:
    return request.headers.get("Transfer-Encoding", "").strip().lower() == "chunked"


def read_chunks(request: HttpRequest, limit: int) -> bytes:
    """The whole body. Raises BrokenChunks, or TooLarge once more than `limit` bytes came."""
    stream = request.META["wsgi.input"]
    try:
        # Gunicorn's word for an input that ends where the body does.
        return all_of(stream, limit) if request.META.get("wsgi.input_terminated") else raw(stream, limit)
    except (OSError, ParseException) as error:
        raise BrokenChunks from error


def raw(stream: IO[bytes], limit: int) -> bytes:
    """From a server that leaves the framing to us, such as Django's runserver."""
    if not isinstance(stream, LimitedStream):
        return unframed(stream, limit)
    # It lets no more through than a Content-Length says, and waits for what is missing of it in the end.
    stream.limit = sys.maxsize
    try:
        return unframed(stream, limit)
    finally:
        stream.limit = 0


def unframed(stream: IO[bytes], limit: int) -> bytes:
    """RFC 9112, section 7.1."""
    body = bytearray()
    while size := chunk_size(stream):
        if len(body) + size > limit:
            raise TooLarge
        body += exactly(stream, size)
        if stream.readline(3) not in (b"\r\n", b"\n"):
            raise BrokenChunks
    for _ in range(MOST_TRAILERS):
        if stream.readline(LONGEST_LINE) in (b"\r\n", b"\n"):
            return bytes(body)
    raise BrokenChunks


def chunk_size(stream: IO[bytes]) -> int:
    line = SIZE_LINE.fullmatch(stream.readline(LONGEST_LINE))
    if not line:
        raise BrokenChunks
    return int(line[1], 16)


def exactly(stream: IO[bytes], size: int) -> bytes:
    body = up_to(stream, size)
    if len(body) < size:
        raise BrokenChunks
    return body


def all_of(stream: IO[bytes], limit: int) -> bytes:
    body = up_to(stream, limit + 1)
    if len(body) > limit:
        raise TooLarge
    return body


def up_to(stream: IO[bytes], size: int) -> bytes:
    """As many bytes as there are; a read may bring fewer than it asked for."""
    body = bytearray()
    while len(body) < size and (part := stream.read(min(READ_AT_ONCE, size - len(body)))):
        body += part
    return bytes(body)
