"""Reports > Inbox: what the built-in mail server kept."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from notifications.capture import store
from notifications.models import AuditEvent

MAIL = (
    b"From: =?utf-8?q?J=C3=BCrgen?= <j@example.com>\r\nTo: me@example.com\r\nSubject: It <b>failed</b>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n"
    b"--x\r\nContent-Type: text/plain\r\n\r\nplain words\r\n"
    b"--x\r\nContent-Type: text/html\r\n\r\n<script>alert(1)</script><p>rich words</p>\r\n--x--\r\n"
)


@pytest.fixture(autouse=True)
def own_inbox(tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path


def keep(content: bytes = MAIL) -> str:
    return store.add("j@example.com", ["me@example.com", "you@example.com"], content)


class TestList:
    def test_teaches_the_next_step_while_it_is_empty(self, page: Client) -> None:
        text = page.get(reverse("inbox")).content.decode()
        assert "Nothing has arrived yet" in text
        assert "Delete all" not in text

    def test_shows_the_newest_first_and_escapes_what_strangers_wrote(self, page: Client) -> None:
        keep()
        keep(b"Subject: later\r\n\r\nx\r\n")

        text = page.get(reverse("inbox")).content.decode()

        assert text.index("later") < text.index("It &lt;b&gt;failed&lt;/b&gt;")
        assert "Jürgen" in text
        assert "and 1 more" in text

    def test_goes_on_behind_the_fiftieth(self, page: Client) -> None:
        for number in range(51):
            keep(f"Subject: number {number}.\r\n\r\nx\r\n".encode())
        first = page.get(reverse("inbox"))
        rest = page.get(reverse("inbox"), {"before": first.context["mails"][-1].key}).content.decode()

        assert "number 0." not in first.content.decode()
        assert "number 0." in rest
        assert "number 1." not in rest

    def test_says_why_it_is_off(self, page: Client, settings: Any) -> None:
        settings.CAPTURE_INBOX = False
        assert "CAPTURE_INBOX is off" in page.get(reverse("inbox")).content.decode()


class TestMail:
    def test_shows_envelope_headers_and_source(self, page: Client) -> None:
        text = page.get(reverse("inbox-mail", args=[keep()])).content.decode()

        assert "me@example.com, you@example.com" in text
        assert "multipart/alternative" in text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
        assert "<script>alert" not in text

    def test_shows_the_mail_in_a_sandbox_without_scripts(self, page: Client) -> None:
        key = keep()
        response = page.get(reverse("inbox-content", args=[key]))

        policy = response["Content-Security-Policy"]
        assert "rich words" in response.content.decode()
        assert "default-src 'none'" in policy
        assert "sandbox" in policy
        assert "allow-scripts" not in policy
        assert '<iframe class="mail-frame" sandbox src' in page.get(reverse("inbox-mail", args=[key])).content.decode()

    def test_shows_a_text_that_looks_like_html_as_text(self, page: Client) -> None:
        key = keep(b"Subject: x\r\n\r\n<img src=x onerror=alert(1)>\r\n")
        assert "&lt;img src=x" in page.get(reverse("inbox-content", args=[key])).content.decode()

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"\xff\xfe\x00",
            b"Subject: =?nonsense?q?x?=\r\nContent-Type: text/plain; charset=klingon\r\n\r\n\xff\xfe\r\n",
            b"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!!\r\n",
            b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n",
            b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nx",
            b"From: <" + b"a" * 5000 + b"\r\n\r\nx",
            b"Content-Type: text/plain\r\nContent-Disposition: attachment; filename*=utf-8''%FF%00\r\n\r\nx",
        ],
    )
    def test_bears_whatever_was_sent(self, page: Client, content: bytes) -> None:
        key = keep(content)
        for name in ("inbox-mail", "inbox-content", "inbox-eml"):
            assert page.get(reverse(name, args=[key])).status_code == 200

    def test_comes_as_a_file_byte_for_byte(self, page: Client) -> None:
        response = page.get(reverse("inbox-eml", args=[keep()]))
        assert response.content == MAIL
        assert response["Content-Disposition"].startswith("attachment")

    @pytest.mark.parametrize("key", ["x", "..", "1.M2P3Q4.host", "%2e%2e%2fkeys.env", "a\x00b"])
    def test_that_is_not_there_is_not_found(self, page: Client, key: str) -> None:
        for name in ("inbox-mail", "inbox-content", "inbox-eml"):
            assert page.get(reverse(name, args=[key])).status_code == 404


class TestClear:
    def test_asks_first(self, page: Client) -> None:
        keep()
        text = page.get(reverse("inbox-clear")).content.decode()
        assert "Delete 1 mail" in text
        assert store.count() == 1

    def test_deletes_all(self, page: Client) -> None:
        keep()
        assert page.post(reverse("inbox-clear"))["Location"] == reverse("inbox")
        assert store.count() == 0
        assert str(AuditEvent.objects.get()) == "Inbox emptied: 1 mail"
