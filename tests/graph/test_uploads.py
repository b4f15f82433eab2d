"""Attachments: in one piece, and in ranges that may break off."""

import hashlib
import os

import pytest
import requests

from tests.graph import faults
from tests.graph.client import Client, code, file
from tests.graph.mailbox import MEGABYTE
from tests.graph_stand_in import GraphStandIn

CONTENT = os.urandom(5 * MEGABYTE)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PIECE = 3 * MEGABYTE


@pytest.fixture
def item(client: Client) -> str:
    return client.draft()


@pytest.fixture
def address(client: Client, item: str) -> str:
    reply = client.session(item, len(CONTENT))
    assert (reply.status_code, reply.json()["nextExpectedRanges"]) == (201, ["0-"])
    return str(reply.json()["uploadUrl"])


def expected(client: Client, address: str) -> int:
    with requests.Session() as bare:
        bare.trust_env, bare.verify = False, client.http.verify
        return int(bare.get(address, timeout=10).json()["nextExpectedRanges"][0].removesuffix("-"))


def put(client: Client, address: str, start: int, end: int, **headers: str) -> requests.Response:
    return client.put(address, CONTENT[start:end], start, len(CONTENT), **headers)


def test_a_large_attachment_comes_in_ranges(graph: GraphStandIn, client: Client, item: str, address: str) -> None:
    first = put(client, address, 0, PIECE)
    assert (first.status_code, first.json()["nextExpectedRanges"]) == (200, [str(PIECE)])
    last = put(client, address, PIECE, len(CONTENT))
    assert (last.status_code, last.content) == (201, b"")
    assert "Attachments(" in last.headers["Location"]
    client.send(item)
    assert [each.sha256 for each in graph.deliveries[0].attachments] == [SHA256]


def test_what_is_not_uploaded_to_its_end_is_not_attached(
    graph: GraphStandIn, client: Client, item: str, address: str
) -> None:
    put(client, address, 0, PIECE)
    client.send(item)
    assert graph.deliveries[0].attachments == ()


@pytest.mark.parametrize(
    ("fault", "kept"), [(faults.cut_before(), 0), (faults.cut_within(), PIECE // 2), (faults.cut_after(), PIECE)]
)
def test_an_upload_that_broke_off_tells_how_far_it_came(
    graph: GraphStandIn, client: Client, item: str, address: str, fault: faults.Fault, kept: int
) -> None:
    graph.fault(fault, "range")
    with pytest.raises(requests.ConnectionError):
        put(client, address, 0, PIECE)
    start = expected(client, address)
    assert start == kept
    if start < PIECE:
        put(client, address, start, PIECE)
    assert put(client, address, PIECE, len(CONTENT)).status_code == 201
    client.send(item)
    assert [each.sha256 for each in graph.deliveries[0].attachments] == [SHA256]


def test_when_the_last_answer_is_lost_the_session_is_over(
    graph: GraphStandIn, client: Client, item: str, address: str
) -> None:
    put(client, address, 0, PIECE)
    graph.fault(faults.cut_after(), "range")
    with pytest.raises(requests.ConnectionError):
        put(client, address, PIECE, len(CONTENT))
    assert put(client, address, PIECE, len(CONTENT)).status_code == 404
    (found,) = client.get(f"/messages/{item}/attachments").json()["value"]
    assert (found["name"], found["size"]) == ("large.bin", len(CONTENT))


def test_the_address_is_the_permission_and_a_token_is_refused(client: Client, address: str) -> None:
    token = str(client.http.headers["Authorization"])
    assert put(client, address, 0, PIECE, Authorization=token).status_code == 401
    assert put(client, address.partition("?")[0], 0, PIECE).status_code == 401
    assert expected(client, address) == 0


def test_a_range_that_is_not_the_next_one_is_refused(client: Client, address: str) -> None:
    assert put(client, address, PIECE, len(CONTENT)).status_code == 416
    put(client, address, 0, PIECE)
    assert put(client, address, 0, PIECE).status_code == 416


@pytest.mark.parametrize("place", ["", "bytes 0-99/200", "bytes 0-98/5242880", "0-99/5242880", "bytes */5242880"])
def test_a_range_that_does_not_fit_is_refused(client: Client, address: str, place: str) -> None:
    reply = client.put(address, CONTENT[:100], 0, len(CONTENT), **{"Content-Range": place})
    assert (reply.status_code, code(reply)) == (400, "ErrorInvalidRange")


def test_a_range_of_four_megabytes_is_too_large(client: Client, address: str) -> None:
    assert put(client, address, 0, 4 * MEGABYTE).status_code == 413
    assert put(client, address, 0, 4 * MEGABYTE - 1).status_code == 200


@pytest.mark.parametrize(
    ("size", "status", "expected_code"),
    [
        (2 * MEGABYTE - 1, 400, "ErrorAttachmentSizeShouldNotBeLessThanMinimumSize"),
        (150 * MEGABYTE + 1, 413, "ErrorAttachmentSizeLimitExceeded"),
    ],
)
def test_a_session_is_for_files_of_2_to_150_megabytes(
    client: Client, item: str, size: int, status: int, expected_code: str
) -> None:
    reply = client.session(item, size)
    assert (reply.status_code, code(reply)) == (status, expected_code)


def test_uploads_may_go_to_another_host(graph: GraphStandIn, client: Client, item: str) -> None:
    graph.service.upload_base = graph.base.replace("localhost", "127.0.0.1")
    address = client.session(item, len(CONTENT)).json()["uploadUrl"]
    assert address.startswith("https://127.0.0.1:")
    assert put(client, address, 0, PIECE).status_code == 200


def test_a_small_attachment_comes_in_one_piece(graph: GraphStandIn, client: Client, item: str) -> None:
    assert client.post(f"/messages/{item}/attachments", file("a.txt", "aGVsbG8=")).json()["size"] == 5
    assert code(client.post(f"/messages/{item}/attachments", file("a.txt", "aGVsbG8"))) == "RequestBodyRead"
    client.send(item)
    assert [each.name for each in graph.deliveries[0].attachments] == ["a.txt"]


def test_a_mail_that_grew_too_large_does_not_go(graph: GraphStandIn, client: Client, item: str, address: str) -> None:
    graph.store.largest_message = 4 * MEGABYTE
    put(client, address, 0, PIECE)
    put(client, address, PIECE, len(CONTENT))
    assert code(client.send(item)) == "ErrorMessageSizeExceeded"
    assert graph.deliveries == []
