"""The inbox's pages over emails that keep to no rule."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifications.capture import store
from notifications.capture.reading import readable, readable_headers
from tests.capture.odd_mail import ODD_MAILS, REAL_MAILS, damaged


@pytest.fixture(autouse=True)
def own_inbox(tmp_path: Path, settings: Any) -> None:
    settings.DATA_DIR = tmp_path


def pages_of(browser: Client, content: bytes) -> dict[str, str]:
    """Every page that shows it, each fine."""
    key = store.add("j@example.com", ["me@example.com"], content)
    urls = {"inbox": reverse("inbox")} | {
        n: reverse(n, args=[key]) for n in ("inbox-mail", "inbox-content", "inbox-eml")
    }
    responses = {name: browser.get(url) for name, url in urls.items()}
    assert {name: response.status_code for name, response in responses.items()} == dict.fromkeys(urls, 200)
    assert responses.pop("inbox-eml").content == content
    texts = {name: response.content.decode() for name, response in responses.items()}
    assert not any("\0" in text for text in texts.values())
    return texts


@pytest.mark.parametrize("name", ODD_MAILS)
def test_an_odd_email_has_its_pages(page: Client, name: str) -> None:
    pages_of(page, ODD_MAILS[name])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=damaged())
def test_a_damaged_email_has_its_pages(page: Client, content: bytes) -> None:
    pages_of(page, content)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=damaged() | st.binary(max_size=300))
def test_whatever_is_sent_is_read_as_text(content: bytes) -> None:
    read = readable(content)
    texts = [read.text, read.html, *read.attachments, *readable_headers(content).values()]
    for text in texts + [part for header in read.headers for part in header]:
        assert "\0" not in text.encode().decode()


@pytest.mark.parametrize(
    ("name", "subject", "body"),
    [
        ("raw 8-bit headers", "Gr\ufffd\ufffde", "x"),
        ("raw UTF-8 headers", "Grüße 🚀", "schön"),
        ("unknown charsets", "=?klingon?q?x?=", "\ufffd\ufffd"),
        ("charsets that are none", "=?undefined?q?x?=", "\ufffd.."),
        ("NULs", "a\ufffdb", "a\ufffdb"),
        ("surrogates", "\ufffd", "\ufffd"),
        ("no boundary", "(no subject)", "words without parts"),
        ("parts in parts", "(no subject)", "innermost"),
        ("bare line ends", "x", "a"),
    ],
)
def test_what_cannot_be_decoded_is_shown_with_replacement_characters(
    page: Client, name: str, subject: str, body: str
) -> None:
    texts = pages_of(page, ODD_MAILS[name])
    assert f"<title>{subject}" in texts["inbox-mail"].replace("\n", "")
    assert body in texts["inbox-content"]


def test_the_headers_keep_what_can_be_read(page: Client) -> None:
    assert "J\ufffdrg &lt;j@x.test&gt;" in pages_of(page, ODD_MAILS["raw 8-bit headers"])["inbox-mail"]


def test_real_emails_are_shown_as_they_were_meant(page: Client) -> None:
    plain, rich, forwarded, latin = (readable(mail) for mail in REAL_MAILS)
    assert plain.text.startswith("Fünf von zwölf")
    assert (rich.text, rich.html) == ("On PC-001.\r\n", "<p>On <b>PC-001</b>, naïve</p>\r\n")
    assert rich.attachments == ["Übersicht für alle Standorte in Köln und Düsseldorf.csv"]
    assert (forwarded.text, len(forwarded.attachments)) == ("See below.\r\n", 1)
    assert latin.text == "schön\r\n"


def test_of_a_huge_email_the_first_part_is_read_and_the_page_says_so(page: Client) -> None:
    parts = b"--x\r\n\r\nhello\r\n--x\r\nContent-Disposition: attachment; filename=a.zip\r\n\r\n" + b"x" * 5_000_000
    texts = pages_of(page, b"Content-Type: multipart/mixed; boundary=x\r\n\r\n" + parts)
    assert "hello" in texts["inbox-content"]
    assert "a.zip, the rest is not read" in texts["inbox-mail"]


@pytest.mark.parametrize(
    "line", [b"", b"{", b"[]", b'{"sender": 1}', b"[" * 5000, b'{"received_at": "x", "size": 1}', b"\xff\xfe"]
)
def test_a_file_that_was_damaged_does_not_hide_the_others(page: Client, line: bytes) -> None:
    store.add("j@example.com", ["me@example.com"], b"Subject: whole\r\n\r\nx\r\n")
    key = store.add("j@example.com", ["me@example.com"], b"Subject: broken\r\n\r\nx\r\n")
    (file,) = (store.settings.DATA_DIR / "inbox").rglob(f"{key}*")
    file.write_bytes(store.ENVELOPE + line)
    assert "whole" in page.get(reverse("inbox")).content.decode()
    assert page.get(reverse("inbox-mail", args=[key])).status_code == 404
