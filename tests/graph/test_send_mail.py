"""sendMail in JSON and MIME, and what is refused when a mail is to go."""

import base64
import hashlib
from email.message import EmailMessage

import pytest

from tests.graph.client import Client, code, message
from tests.graph.items import Folder
from tests.graph_stand_in import GraphStandIn


def mime(**headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Message-ID"] = "sender@contoso.test", "Größe", "<one@contoso.test>"
    for name, value in headers.items():
        mail[name] = value
    mail.set_content("Grüße\n")
    mail.add_alternative("<p>Grüße</p>", subtype="html")
    return mail


def test_a_mail_in_json_goes_out_and_lies_in_sent_items(graph: GraphStandIn, client: Client) -> None:
    reply = client.post("/sendMail", {"message": message("ops@peer.test", "b@peer.test")})
    assert (reply.status_code, reply.content) == (202, b"")
    assert [(each.by, each.recipients) for each in graph.deliveries] == [("json", ("ops@peer.test", "b@peer.test"))]
    assert len(graph.store.folder(Folder.SENT)) == 1


def test_a_mail_in_json_is_not_kept_when_nobody_wants_it(graph: GraphStandIn, client: Client) -> None:
    client.post("/sendMail", {"message": message(), "saveToSentItems": False})
    assert len(graph.deliveries) == 1
    assert graph.store.folder(Folder.SENT) == []


def test_a_mail_in_mime_goes_to_those_in_its_headers(graph: GraphStandIn, client: Client) -> None:
    mail = mime(To="Ops <ops@peer.test>, b@peer.test", Cc="cc@peer.test", Bcc="bcc@peer.test")
    mail.add_attachment(b"\x00\r\n\xff", maintype="application", subtype="octet-stream", filename="büro.bin")
    assert client.mime(base64.encodebytes(bytes(mail))).status_code == 202
    (delivery,) = graph.deliveries
    assert delivery.recipients == ("ops@peer.test", "b@peer.test", "cc@peer.test", "bcc@peer.test")
    assert (delivery.by, delivery.subject, delivery.message_id) == ("mime", "Größe", "<one@contoso.test>")
    assert (delivery.text.strip(), delivery.html.strip()) == ("Grüße", "<p>Grüße</p>")
    (attachment,) = delivery.attachments
    assert (attachment.name, attachment.sha256) == ("büro.bin", hashlib.sha256(b"\x00\r\n\xff").hexdigest())


@pytest.mark.parametrize("content", [b"Subject: not base64", b"U3ViamVjd", b"===="])
def test_bad_base64_is_refused(graph: GraphStandIn, client: Client, content: bytes) -> None:
    reply = client.mime(content)
    assert (reply.status_code, code(reply)) == (400, "ErrorMimeContentInvalidBase64String")


@pytest.mark.parametrize("by", ["draft", "json", "mime"])
def test_an_invalid_recipient_is_named_and_nobody_gets_the_mail(graph: GraphStandIn, client: Client, by: str) -> None:
    if by == "draft":
        reply = client.send(client.draft("ops@peer.test", "invalid@peer.test"))
    elif by == "json":
        reply = client.post("/sendMail", {"message": message("ops@peer.test", "invalid@peer.test")})
    else:
        reply = client.mime(base64.b64encode(bytes(mime(To="ops@peer.test, invalid@peer.test"))))
    assert (reply.status_code, code(reply)) == (400, "ErrorInvalidRecipients")
    assert "'invalid@peer.test'" in reply.json()["error"]["message"]
    assert "ops@peer.test" not in reply.text
    assert graph.deliveries == []


@pytest.mark.parametrize(
    ("recipient", "status", "expected"),
    [
        ("quota@peer.test", 403, "ErrorQuotaExceeded"),
        ("limit@peer.test", 429, "ErrorExceededMessageLimit"),
        ("large@peer.test", 413, "ErrorMessageSizeExceeded"),
        ("nobody", 400, "ErrorInvalidRecipients"),
    ],
)
def test_the_recipient_chooses_the_error(
    graph: GraphStandIn, client: Client, recipient: str, status: int, expected: str
) -> None:
    reply = client.post("/sendMail", {"message": message(recipient)})
    assert (reply.status_code, code(reply)) == (status, expected)
    assert graph.deliveries == []


@pytest.mark.parametrize(
    ("sender", "status", "expected"),
    [
        ("throttled", 429, "ApplicationThrottled"),
        ("denied", 403, "ErrorAccessDenied"),
        ("policy", 403, "ErrorAccessDenied"),
        ("nouser", 404, "ErrorInvalidUser"),
        ("unlicensed", 404, "MailboxNotEnabledForRESTAPI"),
        ("expired", 401, "InvalidAuthenticationToken"),
        ("busy", 503, "ServiceUnavailable"),
        ("timeout", 504, "UnknownError"),
    ],
)
def test_the_sender_chooses_the_error(graph: GraphStandIn, sender: str, status: int, expected: str) -> None:
    with Client(graph, f"{sender}@contoso.test") as client:
        reply = client.post("/messages", message())
    assert (reply.status_code, code(reply)) == (status, expected)
    assert reply.headers.get("Retry-After") == ("2" if status in (429, 503) else None)


def test_only_some_senders_may_have_a_mailbox(graph: GraphStandIn, client: Client) -> None:
    graph.service.mailboxes = {"other@contoso.test"}
    assert code(client.post("/messages", message())) == "ErrorInvalidUser"
    with Client(graph, "Other@Contoso.Test") as other:
        assert other.post("/messages", message()).status_code == 201


@pytest.mark.parametrize("by", ["draft", "mime"])
def test_nobody_sends_as_somebody_else_without_the_right(graph: GraphStandIn, client: Client, by: str) -> None:
    def send() -> int:
        if by == "draft":
            return client.send(client.draft(**{"from": {"emailAddress": {"address": "ceo@contoso.test"}}})).status_code
        mail = mime(To="ops@peer.test")
        mail.replace_header("From", "Boss <ceo@contoso.test>")
        return client.mime(base64.b64encode(bytes(mail))).status_code

    assert send() == 403
    graph.store.send_as.add("ceo@contoso.test")
    assert send() == 202


def test_too_many_recipients_are_refused(graph: GraphStandIn, client: Client) -> None:
    reply = client.post("/sendMail", {"message": message(*(f"u{number}@peer.test" for number in range(501)))})
    assert code(reply) == "ErrorExceededMaxRecipientLimit"


def test_a_mail_without_recipients_is_refused(graph: GraphStandIn, client: Client) -> None:
    assert code(client.mime(base64.b64encode(b"Subject: nobody\r\n\r\n"))) == "ErrorInvalidRecipients"
