"""The limits of RFC 5322, 2045 and 2047 on every line of every kind of email, for whatever was reported."""

import base64
import re
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from notifications.addresses import NAME_LIMIT, Address, parse_address
from notifications.backends.base import Envelope
from notifications.backends.graph_mail import GraphMail
from notifications.delivery.gate import rerouted
from notifications.delivery.transport import from_header
from notifications.digests.makeshift import makeshift_digest
from notifications.emails.compose import Recipients, compose, mime
from notifications.emails.digest_email import digest_mail
from notifications.emails.headers import SUBJECT_LIMIT, one_line
from notifications.emails.mail import Mail
from notifications.emails.notification_email import notification_mail
from notifications.emails.render import Parts
from notifications.emails.resend import resent_mail
from notifications.emails.test_email import test_mail as mail_of_test
from notifications.header_lines import with_headers
from notifications.intake.makeshift import makeshift_mail
from notifications.models import Message
from tests.emails.props import NOW, completion, notification, targets

LETTERS = st.sampled_from("aZ \t\n=?_.,;:\"'<>()@äß€한글שלום🚀👩\u200d🚒\u0301\u00a0\u200b\ufeff\u2028\x07")
TEXT = st.text(LETTERS | st.characters(exclude_categories=["Cs"]), max_size=400)
NAME = TEXT.map(lambda text: one_line(text, NAME_LIMIT))
ADDRESS = NAME.map(lambda name: Address(name, "some.one@mail.example.com"))
ENCODED_WORD = re.compile(r"=\?[^?\s]*\?[bqBQ]\?[^?\s]*\?=")


def of_notification(text: str, to: Address) -> Mail:
    rule = notification(name=one_line(text, 200), to=[str(to)], attach_csv=True, attach_html=True)
    return notification_mail(rule, completion(name=text, user=text), targets("failed", detail=text, name="x"), NOW)


def of_template(text: str, to: Address) -> Mail:
    rule = notification(to=[str(to)], subject_template="{{ name }}", text_template="{{ name }}\n{{ failures|join }}")
    return notification_mail(rule, completion(name=text or "x"), targets("failed", detail=text), NOW)


def of_html_template(text: str, to: Address) -> Mail:
    rule = notification(
        reply_to=[str(to)], html_template="<p title='{{ name }}'>{{ name }}{{ failures|join:name }}</p>x"
    )
    return notification_mail(rule, completion(name=text), targets("failed", "failed", detail=text), NOW)


def of_digest(text: str, to: Address) -> Mail:
    several = [completion(name=text, received_at=NOW, outcome=outcome) for outcome in ("failed", "success")]
    rule = notification(name=one_line(text, 200) or "x", to=[str(to)], throttle_count=1, throttle_minutes=5)
    return digest_mail(rule, several, "throttled", (NOW - timedelta(hours=1), NOW), NOW)


def of_digest_that_broke(text: str, to: Address) -> Mail:
    return makeshift_digest(notification(cc=[str(to)]), [completion(name=text)], ValueError(text), NOW)


def of_completion_that_broke(text: str, to: Address) -> Mail:
    return makeshift_mail(notification(cc=[str(to)], to=[]), completion(name=text), ValueError(text), NOW)


def of_test(text: str, to: Address) -> Mail:
    return mail_of_test(str(to), text, "basic", NOW)


def of_alert(text: str, to: Address) -> Mail:
    headers = {"X-Mailadmin-Kind": "alert", "List-Id": f"{text} <deployments.example.com>", "X-Text": text}
    return compose(f"Report refused: {text}", Recipients(to=[to], cc=[to]), Parts(text, text), headers, NOW)


KINDS = [
    of_notification,
    of_template,
    of_html_template,
    of_digest,
    of_digest_that_broke,
    of_completion_that_broke,
    of_test,
    of_alert,
]


def as_composed(mail: Mail, sender: Address) -> bytes:
    return mail.content


def as_sent(mail: Mail, sender: Address) -> bytes:
    return from_header(str(sender))[1] + mail.content


def as_rerouted(mail: Mail, sender: Address) -> bytes:
    everybody = tuple(f"person-{number}@{'a' * 50}.example.com" for number in range(9))
    return rerouted(Envelope("a@x.test", everybody, as_sent(mail, sender)), "lab@peer.test").content


def as_resent(mail: Mail, sender: Address) -> bytes:
    return resent_mail(Message(subject=mail.subject, content=mail.content), (), NOW).content


def as_graph_takes_it(mail: Mail, sender: Address) -> bytes:
    recipients = (*(address for address, _ in mail.recipients), "hidden@x.test")
    envelope = Envelope("a@x.test", recipients, as_sent(mail, sender))
    return base64.b64decode(GraphMail(envelope, f"<{'i' * 90}@mail.example.com>").as_mime())


WAYS = [as_composed, as_sent, as_rerouted, as_resent, as_graph_takes_it]


class TestAnyText(TestCase):
    @settings(max_examples=120, deadline=None)
    @given(st.sampled_from(KINDS), st.sampled_from(WAYS), TEXT, ADDRESS, ADDRESS)
    def test_keeps_the_limits(
        self,
        kind: Callable[[str, Address], Mail],
        way: Callable[[Mail, Address], bytes],
        text: str,
        to: Address,
        sender: Address,
    ) -> None:
        mail = kind(text, to)
        content = way(mail, sender)
        check_lines(content)
        read = message_from_bytes(content, policy=policy.SMTP)
        assert not read.defects
        subject = unfolded(content, "Subject")
        assert subject.endswith(mail.subject)
        assert read.get_body(("plain",)) is not None

    @settings(max_examples=60, deadline=None)
    @given(TEXT, ADDRESS)
    @example("A soft hyphen alone", Address("\xad", "some.one@mail.example.com"))
    def test_reads_back_as_written(self, text: str, sender: Address) -> None:
        mail = compose(text, Recipients(to=[sender]), Parts(text, text), {}, NOW)
        for part in ("plain", "html") if text else ("plain",):
            body = message_from_bytes(mail.content, policy=policy.SMTP).get_body((part,))
            assert isinstance(body, EmailMessage)
            lines = body.get_content().splitlines()
            assert "\n".join(lines).rstrip() == "\n".join(text.splitlines()).rstrip()
        assert unfolded(mail.content, "Subject") == one_line(text, SUBJECT_LIMIT)
        assert str(make_header(decode_header(raw_header(as_sent(mail, sender), "From")))) in said(
            parse_address(str(sender))
        )


def said(address: Address) -> tuple[str, ...]:
    return str(address), f"{address.name} <{address.address}>"


def check_lines(content: bytes) -> None:
    lines = content.decode("ascii").split("\r\n")
    head = lines[: lines.index("")]
    assert max(map(len, lines[len(head) :])) <= 76
    assert all(line.strip() and len(line) <= 78 for line in head if not line.startswith("Message-ID"))
    assert re.fullmatch(r"Message-ID: <[^<>\s]+>", next(line for line in head if line.startswith("Message-ID")))
    assert max((len(word) for word in ENCODED_WORD.findall(content.decode())), default=0) <= 75
    assert len([line for line in head if line.startswith("Subject:")]) == 1


def raw_header(content: bytes, name: str) -> str:
    head = content.partition(b"\r\n\r\n")[0].decode() + "\r\n"
    (value,) = re.findall(rf"(?im)^{name}: ([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)\r\n", head)
    return re.sub(r"\r\n(?=[ \t])", "", value)


def unfolded(content: bytes, name: str) -> str:
    return str(make_header(decode_header(raw_header(content, name))))


@pytest.mark.parametrize(
    "text", ["x" * 500, "ä" * 500, "🚀" * 500, "=" * 300, "é=" * 300 + "\n" + "a" * 75 + "\n" + "b" * 76 + "ö\n"]
)
def test_a_body_line_has_at_most_76_characters_with_its_soft_break(text: str) -> None:
    assert max(map(len, mime(Parts(text, text)).split(b"\r\n"))) <= 76


@pytest.mark.parametrize("name", ["x" * 128, "Very" + "y" * 70 + " Long", "a" * 60 + '"' * 60])
def test_a_long_word_of_a_name_is_encoded(name: str) -> None:
    _, line = from_header(str(Address(name, "a@x.test")))
    assert max(map(len, line.split(b"\r\n"))) <= 78
    assert str(make_header(decode_header(raw_header(line + b"\r\n\r\n", "From")))) == f"{name} <a@x.test>"


def test_replacing_headers_leaves_all_else_untouched() -> None:
    content = b"To: a@x.test,\r\n b@x.test\r\nX-To: 1\r\nSubject: x\r\nCC: c\r\n\r\nTo: body\r\n\r\nCc: y\r\n"
    changed = with_headers(content, {"To": "To: z@x.test\r\n", "Cc": "", "Bcc": "Bcc: q@x.test\r\n"})
    assert changed == b"To: z@x.test\r\nBcc: q@x.test\r\nX-To: 1\r\nSubject: x\r\n\r\nTo: body\r\n\r\nCc: y\r\n"
    assert with_headers(b"To: a\r\n\r\nx", {"To": "To: b\r\n"}) == b"To: b\r\n\r\nx"
    assert with_headers(content, {}) == content
