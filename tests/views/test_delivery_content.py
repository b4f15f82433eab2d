"""A mail as the page shows it and as a file."""

import email
from email.message import EmailMessage
from email.policy import SMTP, default

import pytest
from django.test import Client

from notifications.delivery import outbox
from notifications.emails.mail import Mail
from notifications.models import Message, Recipient
from tests.base import SENDER, a_message, use_smtp

pytestmark = pytest.mark.django_db
EVIL = '<script>alert(1)</script><img src="https://evil.test/x"><a href="javascript:alert(1)">x</a>'


def page(browser: Client, message: Message, path: str = "") -> str:
    response = browser.get(f"/deliveries/{message.uuid}/{path}")
    assert response.status_code == 200
    return str(response.content.decode())


def with_html(html: str, text: str = "plain", subject: str = "S") -> Message:
    content = EmailMessage(policy=SMTP)
    content["To"], content["Subject"], content["Message-ID"] = "a@x.test", subject, "<1@x.test>"
    content.set_content(text, cte="base64")
    content.add_alternative(html, subtype="html", cte="base64")
    return outbox.put(Mail(subject, "<1@x.test>", (("a@x.test", Recipient.Field.TO),), bytes(content)), "notification")


class TestContent:
    def test_is_shown_in_a_sandbox(self, browser: Client) -> None:
        message = with_html("<p>Hello</p>")

        assert f'<iframe class="mail-frame" sandbox src="/deliveries/{message.uuid}/content/"' in page(browser, message)

    def test_may_do_nothing_wherever_it_is_opened(self, browser: Client) -> None:
        response = browser.get(f"/deliveries/{with_html(EVIL).uuid}/content/")

        policy = dict(
            part.strip().partition(" ")[::2] for part in response.headers["Content-Security-Policy"].split(";")
        )
        assert policy["default-src"] == "'none'"
        assert policy["sandbox"] == ""
        assert policy["frame-ancestors"] == "'self'"
        assert policy["img-src"] == "data:"
        assert "script-src" not in policy
        assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert response.headers["X-Content-Type-Options"] == "nosniff"

    def test_is_the_html_as_it_was_made(self, browser: Client) -> None:
        html = "<p>Grüße, 你好 — “x”</p>"

        assert page(browser, with_html(html), "content/").strip() == html

    def test_of_a_mail_without_html_is_its_escaped_text(self, browser: Client) -> None:
        html = page(browser, a_message(), "content/")

        assert html.startswith("<!doctype html>")
        assert "It failed on PC-001." in html

    def test_shows_the_text_version_escaped(self, browser: Client) -> None:
        html = page(browser, with_html("<p>x</p>", text="1 < 2 & <b>"))

        assert "1 &lt; 2 &amp; &lt;b&gt;" in html

    def test_shows_the_headers_with_the_sender_of_now(self, browser: Client) -> None:
        use_smtp(host="mail.test")

        headers = dict(browser.get(f"/deliveries/{with_html('x').uuid}/").context["headers"])

        assert headers["From"] == SENDER
        assert headers["Message-ID"] == "<1@x.test>"

    def test_can_be_read_while_no_sender_is_set(self, browser: Client) -> None:
        headers = dict(browser.get(f"/deliveries/{with_html('x').uuid}/").context["headers"])

        assert "From" not in headers
        assert headers["To"] == "a@x.test"


class TestFile:
    def test_is_the_mail_with_its_sender(self, browser: Client) -> None:
        use_smtp(host="mail.test")
        message = with_html("<p>Hello</p>")

        response = browser.get(f"/deliveries/{message.uuid}/eml/")

        assert response.headers["Content-Type"] == "message/rfc822"
        parsed = email.message_from_bytes(response.content, policy=default)
        assert (parsed["From"], parsed["To"], parsed["Message-ID"]) == (SENDER, "a@x.test", "<1@x.test>")
        assert response.content.endswith(bytes(message.content))

    @pytest.mark.parametrize(
        ("subject", "name"),
        [
            ("Failed: 7-Zip 24.08", "Failed-7-Zip-24-08.eml"),
            ('../../etc/passwd"; x="', "etc-passwd-x.eml"),
            ("你好", "mail.eml"),
            ("a\r\nSet-Cookie: x=1", "a-Set-Cookie-x-1.eml"),
            ("x" * 300, "x" * 60 + ".eml"),
            ("", "mail.eml"),
        ],
    )
    def test_has_a_harmless_name(self, browser: Client, subject: str, name: str) -> None:
        message = a_message()
        Message.objects.filter(pk=message.pk).update(subject=subject)

        response = browser.get(f"/deliveries/{message.uuid}/eml/")

        assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'
