"""Drafts: made, looked at, found, sent and deleted, and what becomes of their ids."""

import pytest

from tests.graph.client import Client, code, file, message
from tests.graph.items import Folder
from tests.graph_stand_in import GraphStandIn

DELETE_AFTER_SUBMIT = {"singleValueExtendedProperties": [{"id": "Boolean 0x0E01", "value": "true"}]}


def test_a_draft_goes_out_once_with_all_that_it_has(graph: GraphStandIn, client: Client) -> None:
    item = client.draft(
        "ops@peer.test",
        ccRecipients=[{"emailAddress": {"address": "cc@peer.test", "name": "Copy"}}],
        bccRecipients=[{"emailAddress": {"address": "bcc@peer.test"}}],
        internetMessageId="<one@contoso.test>",
        internetMessageHeaders=[{"name": "X-Deployment", "value": "42"}],
        attachments=[file("a.txt", "aGVsbG8=")],
    )
    assert client.send(item).status_code == 202
    (delivery,) = graph.deliveries
    assert delivery.recipients == ("ops@peer.test", "cc@peer.test", "bcc@peer.test")
    assert (delivery.mailbox, delivery.subject, delivery.by) == ("sender@contoso.test", "hello", "draft")
    assert (delivery.message_id, delivery.html, delivery.text) == ("<one@contoso.test>", "<p>body</p>", "")
    assert delivery.headers == {"X-Deployment": "42"}
    (attachment,) = delivery.attachments
    assert (attachment.name, attachment.size) == ("a.txt", 5)
    assert attachment.sha256 == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"


def test_an_immutable_id_outlives_the_sending(graph: GraphStandIn, client: Client) -> None:
    item = client.draft()
    assert client.look(item).json() == {"id": item, "isDraft": True}
    client.send(item)
    assert client.look(item).json() == {"id": item, "isDraft": False}


def test_an_ordinary_id_does_not(graph: GraphStandIn) -> None:
    with Client(graph, immutable=False) as client:
        item = client.draft(internetMessageId="<one@contoso.test>")
        client.send(item)
        gone = client.look(item)
        (found,) = client.find("<one@contoso.test>")
    assert (gone.status_code, code(gone)) == (404, "ErrorItemNotFound")
    assert found["id"] != item
    assert found["isDraft"] is False


def test_even_immutable_ids_may_change(graph: GraphStandIn, client: Client) -> None:
    graph.store.ids_change_at_send = True
    item = client.draft(internetMessageId="<one@contoso.test>")
    client.send(item)
    assert client.look(item).status_code == 404
    assert [found["isDraft"] for found in client.find("<one@contoso.test>")] == [False]


def test_the_answer_says_whether_the_wish_for_ids_was_heard(graph: GraphStandIn, client: Client) -> None:
    assert client.post("/messages", message()).headers["Preference-Applied"] == 'IdType="ImmutableId"'
    with Client(graph, immutable=False) as other:
        assert "Preference-Applied" not in other.post("/messages", message()).headers


def test_a_sent_draft_lies_in_sent_items(graph: GraphStandIn, client: Client) -> None:
    client.send(client.draft())
    assert len(graph.store.folder(Folder.SENT)) == 1
    assert graph.store.folder(Folder.DRAFTS) == []


def test_a_draft_that_deletes_itself_is_gone_when_sent(graph: GraphStandIn, client: Client) -> None:
    item = client.draft(internetMessageId="<one@contoso.test>", **DELETE_AFTER_SUBMIT)
    client.send(item)
    assert client.look(item).status_code == 404
    assert client.find("<one@contoso.test>") == []
    assert len(graph.deliveries) == 1


def test_a_draft_cannot_be_sent_twice(graph: GraphStandIn, client: Client) -> None:
    item = client.draft()
    client.send(item)
    again = client.send(item)
    assert (again.status_code, code(again)) == (400, "ErrorInvalidOperation")
    assert len(graph.deliveries) == 1


def test_a_sent_draft_may_look_unsent_for_a_while_and_go_out_again(graph: GraphStandIn, client: Client) -> None:
    graph.store.settling_seconds = 3600
    item = client.draft(internetMessageId="<one@contoso.test>")
    client.send(item)
    assert client.look(item).json()["isDraft"] is True
    client.send(item)
    assert graph.store.duplicates() == {("<one@contoso.test>", "ops@peer.test"): 2}
    graph.store.settle()
    assert client.look(item).json()["isDraft"] is False
    assert client.send(item).status_code == 400


@pytest.mark.parametrize("message_id", ["<o'hara@contoso.test>", "<a+b&c=d@contoso.test>", "<''@contoso.test>"])
def test_a_message_is_found_by_its_message_id(graph: GraphStandIn, client: Client, message_id: str) -> None:
    client.draft(internetMessageId="<another@contoso.test>")
    item = client.draft(internetMessageId=message_id)
    assert client.find(message_id) == [{"id": item, "isDraft": True}]
    assert client.find("<missing@contoso.test>") == []


@pytest.mark.parametrize("condition", ["", "subject eq 'hello'", "internetMessageId eq 'o'hara'"])
def test_another_filter_is_refused(graph: GraphStandIn, client: Client, condition: str) -> None:
    assert client.get("/messages", **{"$filter": condition}).status_code == 400


def test_an_unknown_property_cannot_be_selected(graph: GraphStandIn, client: Client) -> None:
    assert client.get(f"/messages/{client.draft()}", **{"$select": "isDraught"}).status_code == 400


def test_a_deleted_draft_is_still_found_until_it_is_deleted_again(graph: GraphStandIn, client: Client) -> None:
    item = client.draft(internetMessageId="<one@contoso.test>")
    assert client.delete(f"/messages/{item}").status_code == 204
    assert client.get(f"/messages/{item}").json()["parentFolderId"] == Folder.DELETED
    assert len(client.find("<one@contoso.test>")) == 1
    client.delete(f"/messages/{item}")
    assert client.find("<one@contoso.test>") == []


def test_a_deleted_draft_is_gone_where_nothing_is_kept(graph: GraphStandIn, client: Client) -> None:
    graph.store.keeps_deleted = False
    item = client.draft()
    client.delete(f"/messages/{item}")
    assert client.look(item).status_code == 404


def test_a_mailbox_does_not_see_anothers_drafts(graph: GraphStandIn, client: Client) -> None:
    item = client.draft(internetMessageId="<one@contoso.test>")
    with Client(graph, "other@contoso.test") as other:
        assert other.look(item).status_code == 404
        assert other.find("<one@contoso.test>") == []


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([{"name": "Precedence", "value": "bulk"}], "InvalidInternetMessageHeader"),
        ([{"name": f"X-{number}", "value": "1"} for number in range(6)], "InvalidInternetMessageHeaderCollection"),
    ],
)
def test_only_five_headers_of_ones_own_are_taken(
    graph: GraphStandIn, client: Client, headers: list[dict[str, str]], expected: str
) -> None:
    assert code(client.post("/messages", message(internetMessageHeaders=headers))) == expected


def test_a_draft_is_made_of_mime_as_well(graph: GraphStandIn, client: Client) -> None:
    content = b"VG86IG9wc0BwZWVyLnRlc3QNCg0KYm9keQ=="
    reply = client.http.post(f"{client.user}/messages", content, headers={"Content-Type": "text/plain"}, timeout=10)
    client.send(reply.json()["id"])
    assert [(each.recipients, each.text) for each in graph.deliveries] == [(("ops@peer.test",), "body")]
