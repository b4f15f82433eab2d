"""A mail in Graph's own JSON and as MIME: nothing of it gets lost, and it goes to those alone who are left."""

import base64
import json
from dataclasses import replace
from email import message_from_bytes, policy
from typing import Any

import pytest

from notifications.backends.base import Envelope
from notifications.backends.graph_mail import GraphMail
from tests.backends.graph_props import IDENTITY, SENDER, Sender, a_content, without_drafts
from tests.graph_stand_in import GraphStandIn

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
RICH = {
    "cc": ("Ann Boss <boss@peer.test>",),
    "subject": "🚀 Bereitstellung übrig",
    "html": '<p>Schön "gelöst": <img src="cid:logo@contoso.test"></p>',
    "image": PNG,
    "attached": (("Übersicht.csv", b"a;b\r\n"),),
    "Reply_To": "Help <help@contoso.test>",
    "X_Deployment": "42",
}


def mail(*recipients: str, **about: Any) -> GraphMail:
    about.setdefault("to", ("Ops <ops@peer.test>",))
    return GraphMail(Envelope(SENDER, recipients, a_content(*about.pop("to"), **about)))


def addresses(found: Any) -> list[str]:
    return [each["emailAddress"]["address"] for each in found]


class TestAsJson:
    def test_has_everything_that_is_in_the_mail(self) -> None:
        said = mail("ops@peer.test", "boss@peer.test", **RICH).as_json(attached=True)
        assert said["subject"] == RICH["subject"]
        assert said["body"]["contentType"] == "html"
        assert "Schön" in said["body"]["content"]
        assert said["internetMessageId"] == IDENTITY
        assert said["from"] == {"emailAddress": {"address": SENDER, "name": "Deployments"}}
        assert addresses(said["replyTo"]) == ["help@contoso.test"]
        assert said["ccRecipients"] == [{"emailAddress": {"address": "boss@peer.test", "name": "Ann Boss"}}]
        assert said["internetMessageHeaders"] == [{"name": "X-Deployment", "value": "42"}]
        image, table = said["attachments"]
        assert (image["isInline"], image["contentId"]) == (True, "logo@contoso.test")
        assert base64.b64decode(image["contentBytes"]) == PNG
        assert (table["name"], base64.b64decode(table["contentBytes"])) == ("Übersicht.csv", b"a;b\r\n")

    def test_of_a_mail_without_html_is_text(self) -> None:
        said = mail("ops@peer.test").as_json(attached=True)
        assert said["body"]["contentType"] == "text"
        assert "attachments" not in said

    def test_has_five_headers_of_our_own_at_most(self) -> None:
        about = {f"X_Header_{number}": str(number) for number in range(9)}
        assert len(mail("ops@peer.test", **about).as_json(attached=True)["internetMessageHeaders"]) == 5

    def test_can_be_sent_whatever_is_in_a_header(self, graph: GraphStandIn) -> None:
        content = a_content("ops@peer.test").replace(b"7-Zip failed", b"=?utf-8?b?7aCA/w==?=")
        Sender(graph, content=content).send()
        assert len(graph.deliveries) == 1


class TestRecipients:
    def test_in_no_header_are_blind_copies(self) -> None:
        said = mail("OPS@peer.test", "secret@peer.test").as_json(attached=True)
        assert (addresses(said["toRecipients"]), addresses(said["bccRecipients"])) == (
            ["ops@peer.test"],
            ["secret@peer.test"],
        )

    def test_who_have_the_mail_already_are_in_no_list(self) -> None:
        left = mail("boss@peer.test", to=("one@peer.test", "two@peer.test"), cc=("boss@peer.test",))
        said = left.as_json(attached=True)
        assert (said["toRecipients"], said["bccRecipients"]) == ([], [])
        assert addresses(said["ccRecipients"]) == ["boss@peer.test"]

    def test_twice_in_the_headers_get_it_once(self) -> None:
        said = mail("ops@peer.test", cc=("ops@peer.test",)).as_json(attached=True)
        assert (addresses(said["toRecipients"]), said["ccRecipients"]) == (["ops@peer.test"], [])

    def test_of_an_international_domain_are_in_ascii(self, graph: GraphStandIn) -> None:
        Sender(graph, recipients=("ops@xn--mnchen-3ya.test",)).send()
        assert graph.deliveries[0].recipients == ("ops@xn--mnchen-3ya.test",)

    @pytest.mark.parametrize("drafts", [True, False])
    @pytest.mark.parametrize("saving", [True, False])
    def test_get_it_and_nobody_else_does(self, graph: GraphStandIn, drafts: bool, saving: bool) -> None:
        if not drafts:
            without_drafts(graph)
        content = a_content("one@peer.test", "two@peer.test", cc=("boss@peer.test",))
        Sender(graph, content=content, saving=saving).send("two@peer.test", "boss@peer.test", "blind@peer.test")
        assert set(graph.deliveries[0].recipients) == {"two@peer.test", "boss@peer.test", "blind@peer.test"}
        assert len(graph.deliveries) == 1


class TestAsMime:
    def parsed(self, of: GraphMail) -> Any:
        return message_from_bytes(base64.b64decode(of.as_mime()), policy=policy.default)

    def test_is_the_mail_byte_for_byte_where_all_are_left(self) -> None:
        whole = mail("ops@peer.test", "boss@peer.test", **RICH)
        assert base64.b64decode(whole.as_mime()) == whole.envelope.content

    def test_names_those_alone_who_are_left(self) -> None:
        left = self.parsed(mail("two@peer.test", "blind@peer.test", to=("one@peer.test", "Two <two@peer.test>")))
        assert (left["To"], left["Cc"], left["Bcc"]) == ("Two <two@peer.test>", None, "blind@peer.test")

    def test_changes_nothing_else_for_that(self) -> None:
        everybody = mail("ops@peer.test", "boss@peer.test", **RICH)
        some = GraphMail(replace(everybody.envelope, recipients=("boss@peer.test",)))
        whole, left = self.parsed(everybody), self.parsed(some)
        assert {name: value for name, value in whole.items() if name not in ("To", "Cc")} == {
            name: value for name, value in left.items() if name not in ("To", "Cc")
        }
        assert [part.get_payload() for part in whole.walk() if not part.is_multipart()] == [
            part.get_payload() for part in left.walk() if not part.is_multipart()
        ]

    def test_holds_five_hundred_blind_copies(self) -> None:
        many = tuple(f"someone.with.a.long.name.{number}@peer.test" for number in range(500))
        left = self.parsed(mail(*many))
        assert [address.addr_spec for address in left["Bcc"].addresses] == [*many]
        assert left["To"] is None


def test_a_rich_mail_arrives_by_each_way(graph: GraphStandIn) -> None:
    content = a_content("ops@peer.test", **RICH)  # type: ignore[arg-type]
    Sender(graph, content=content).send("ops@peer.test", "boss@peer.test")
    without_drafts(graph)
    for saving in (True, False):
        Sender(graph, content=content, saving=saving).send("ops@peer.test", "boss@peer.test")
    assert [arrived.by for arrived in graph.deliveries] == ["draft", "mime", "json"]
    for arrived in graph.deliveries:
        assert arrived.subject == RICH["subject"]
        assert "Schön" in arrived.html
        assert arrived.headers["X-Deployment"] == "42"
        assert "Übersicht.csv" in json.dumps([item.name for item in arrived.attachments], ensure_ascii=False)
