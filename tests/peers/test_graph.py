"""What the tests of Graph mode believe about the contract server."""

import hashlib
from typing import Any

import pytest
import requests

from tests.peers.graph import ERRORS, GraphPeer

TOKEN = {"Authorization": "Bearer any"}
MESSAGE = {
    "subject": "hello",
    "body": {"contentType": "text", "content": "body"},
    "toRecipients": [{"emailAddress": {"address": "ops@peer.test"}}],
}


def ask(peer: GraphPeer, path: str, method: str = "POST", sender: str = "sender", **options: Any) -> requests.Response:
    address = f"{peer.base}/v1.0/users/{sender}%40contoso.test{path}"
    with peer.http() as http:
        return http.request(method, address, timeout=20, **{"headers": TOKEN, **options})


def test_a_mail_in_json_is_accepted(graph_peer: GraphPeer) -> None:
    reply = ask(graph_peer, "/sendMail", json={"message": MESSAGE, "saveToSentItems": False})
    assert (reply.status_code, reply.content) == (202, b"")
    (request,) = graph_peer.check()
    assert (request.method, request.path) == ("POST", "/users/sender%40contoso.test/sendMail")
    assert request.json["message"] == MESSAGE


def test_a_mail_in_base64_is_accepted(graph_peer: GraphPeer) -> None:
    headers = {**TOKEN, "Content-Type": "text/plain"}
    assert ask(graph_peer, "/sendMail", data=b"U3ViamVjdDogaGVsbG8=", headers=headers).status_code == 202
    assert [request.type for request in graph_peer.check()] == ["text/plain"]


def test_a_draft_is_made_looked_at_sent_and_deleted(graph_peer: GraphPeer) -> None:
    draft = ask(graph_peer, "/messages", json=MESSAGE, headers={**TOKEN, "Prefer": 'IdType="ImmutableId"'})
    assert draft.status_code == 201
    item = f"/messages/{draft.json()['id']}"
    assert ask(graph_peer, f"{item}?$select=id,isDraft", "GET").json()["isDraft"] is True
    assert ask(graph_peer, f"{item}/send").status_code == 202
    assert ask(graph_peer, item, "DELETE").status_code == 204
    assert [request.status for request in graph_peer.check()] == [201, 200, 202, 204]
    assert graph_peer.captured()[0].prefer == 'IdType="ImmutableId"'


def test_a_small_attachment_is_taken(graph_peer: GraphPeer) -> None:
    file = {"@odata.type": "#microsoft.graph.fileAttachment", "name": "a.txt", "contentBytes": "aGVsbG8="}
    assert ask(graph_peer, "/messages/x/attachments", json=file).status_code == 201
    assert graph_peer.check()[0].json == file


def test_a_large_attachment_is_taken_in_ranges(graph_peer: GraphPeer) -> None:
    content = bytes(range(256)) * 20
    item = {"attachmentType": "file", "name": "large.bin", "size": len(content)}
    session = ask(graph_peer, "/messages/x/attachments/createUploadSession", json={"AttachmentItem": item}).json()
    assert session["nextExpectedRanges"] == ["0-"]
    first, rest = content[:3000], content[3000:]
    with graph_peer.http() as http:
        put = http.put(session["uploadUrl"], first, headers={"Content-Range": "bytes 0-2999/5120"}, timeout=20)
        assert (put.status_code, put.json()) == (200, {"nextExpectedRanges": ["3000"]})
        again = http.put(session["uploadUrl"], first, headers={"Content-Range": "bytes 0-2999/5120"}, timeout=20)
        assert again.status_code == 416
        last = {"Content-Range": "bytes 3000-5119/5120"}
        assert http.put(session["uploadUrl"], rest, headers={**last, **TOKEN}, timeout=20).status_code == 401
        assert http.put(session["uploadUrl"], rest, headers=last, timeout=20).status_code == 201
    assert graph_peer.uploads.sha256s == [hashlib.sha256(content).hexdigest()]
    assert [request.body for request in graph_peer.captured()[1:]].count("bytes 3000-5119/5120") == 2


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"subjct": "hello"}, "subjct"),
        ({"body": {"contentType": "markdown", "content": "x"}}, "contentType"),
        ({"toRecipients": [{"address": "ops@peer.test"}]}, "toRecipients"),
    ],
)
def test_what_is_against_the_contract_is_named(graph_peer: GraphPeer, wrong: dict[str, Any], complaint: str) -> None:
    assert ask(graph_peer, "/messages", json=wrong).status_code == 422
    with pytest.raises(AssertionError, match=complaint):
        graph_peer.check()


@pytest.mark.parametrize("sender", ERRORS)
def test_the_sender_chooses_the_error(graph_peer: GraphPeer, sender: str) -> None:
    reply = ask(graph_peer, "/messages", sender=sender, json=MESSAGE)
    assert reply.status_code == ERRORS[sender]
    assert reply.json()["error"]["code"]
    assert reply.headers.get("Retry-After") == ("2" if sender in ("throttled", "busy") else None)


def test_without_a_token_nothing_is_taken(graph_peer: GraphPeer) -> None:
    assert ask(graph_peer, "/sendMail", json={"message": MESSAGE}, headers={}).status_code == 401


def test_more_than_four_megabytes_are_too_much(graph_peer: GraphPeer) -> None:
    large = {**MESSAGE, "body": {"contentType": "text", "content": "x" * 4 * 1024 * 1024}}
    assert ask(graph_peer, "/messages", json=large).status_code == 413


def test_a_mail_of_nearly_four_megabytes_is_in_the_record(graph_peer: GraphPeer) -> None:
    text = "x" * (4 * 1024 * 1024 - 1000)
    assert ask(graph_peer, "/messages", json={"subject": text}).status_code == 201
    assert graph_peer.check()[0].json["subject"] == text
