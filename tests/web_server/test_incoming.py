"""When a request is whole, and when it never will be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailadmin.incoming import HEAD_LIMIT, Incoming, Refused

LIMIT = 1000
PLAIN = b"GET /sign-in/ HTTP/1.1\r\nHost: panel\r\n\r\n"
FORM = b"POST /sign-in/ HTTP/1.1\r\nHost: panel\r\ncontent-LENGTH: 7\r\n\r\na=1&b=2"
CHUNKED = b"POST /api/v1/completions HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKS = CHUNKED + b"3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n"
TRAILERS = CHUNKS.removesuffix(b"\r\n") + b"Digest: x\r\n\r\n"


def incoming(received: bytes = b"") -> Incoming:
    return Incoming(bytearray(received), LIMIT, 100.0)


@given(request=st.sampled_from([PLAIN, FORM, CHUNKS, TRAILERS]), cuts=st.lists(st.integers(0, 120)))
def test_a_request_is_whole_with_its_last_byte_however_it_is_cut(request: bytes, cuts: list[int]) -> None:
    found = incoming()
    ends = sorted({*(cut for cut in cuts if cut < len(request)), len(request)})
    for begin, end in zip([0, *ends], ends, strict=False):
        found.received.extend(request[begin:end])
        assert found.is_whole() == (end == len(request))


def test_chunks_are_counted_without_their_size_lines() -> None:
    found = incoming(CHUNKS)
    assert found.is_whole()
    assert found.chunked_size == 13


@pytest.mark.parametrize(
    "request_so_far",
    [
        b"POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + b"x" * 1000 + b"\r\n1\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 400,
    ],
    ids=["length", "length of 5,000 digits", "one chunk", "second chunk", "tiny chunks"],
)
def test_a_body_over_the_limit_is_refused_as_soon_as_that_is_known(request_so_far: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        incoming(request_so_far).is_whole()
    assert refusal.value.status == 413


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
def test_a_head_over_the_limit_is_refused(end: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        incoming(b"GET / HTTP/1.1\r\nCookie: " + b"x" * HEAD_LIMIT + end).is_whole()
    assert refusal.value.status == 431


@pytest.mark.parametrize("line", [b"zz\r\n", b"-1\r\n", b"\r\n", b"z" * 300])
def test_a_malformed_chunk_is_left_to_the_parser(line: bytes) -> None:
    assert incoming(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + line).is_whole()


def test_trailers_without_an_end_are_left_to_the_parser() -> None:
    endless = bytearray(CHUNKS.removesuffix(b"\r\n") + b"X: y\r\n" * 10_000)
    assert Incoming(endless, len(endless), 100.0).is_whole()


def test_a_body_that_arrives_fast_enough_is_given_more_time() -> None:
    head = b"POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n"
    at_its_head, with_body = incoming(head), incoming(head + b"x" * 900)
    assert not at_its_head.is_whole()
    assert not with_body.is_whole()
    assert incoming(b"GET").deadline < at_its_head.deadline < with_body.deadline


@pytest.mark.parametrize(
    ("line", "is_api"),
    [(b"POST /api/v1/x", True), (b"POST http://panel/api/v1/x", True), (b"POST /sign-in/?next=/api/", False)],
)
def test_the_api_is_known_by_its_path(line: bytes, is_api: bool) -> None:
    assert incoming(line + b" HTTP/1.1\r\n").is_api == is_api
