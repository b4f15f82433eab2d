import re
from typing import Any

import pytest

from notifications.emails.mail import Mail
from notifications.emails.notification_email import notification_mail
from notifications.emails.own_words import html_of_text
from tests.emails import props
from tests.emails.props import NOW, completion, notification, read, targets

pytestmark = pytest.mark.django_db


def mail_of(subject: str = "", text: str = "", html: str = "", rule: dict[str, Any] | None = None, **told: Any) -> Mail:
    own = {"subject_template": subject, "text_template": text, "html_template": html}
    rows = targets("failed", "success", detail="exit <1603>")
    return notification_mail(notification(**own, **(rule or {})), completion(**told), rows, NOW)


def text_of(mail: Mail) -> str:
    return props.text_of(mail).replace("\r\n", "\n")


def html_of(mail: Mail) -> str:
    return props.html_of(mail).replace("\r\n", "\n")


class TestTheSubject:
    def test_is_the_notifications_own(self) -> None:
        mail = mail_of("{{ package }}: {{ failed }} of {{ total }}")
        assert mail.subject == read(mail)["Subject"] == "7-Zip: 1 of 2"

    def test_leaves_the_body_as_it_is_by_default(self) -> None:
        assert "See the whole report" in text_of(mail_of("{{ name }}"))

    def test_is_one_line_whatever_was_reported(self) -> None:
        mail = mail_of("{{ name }}", name="x\r\nBcc: eve@x.test\x00\u2028y")
        assert read(mail)["Bcc"] is None
        assert mail.subject == "x Bcc: eve@x.test y"

    def test_is_cut_when_it_is_long(self) -> None:
        mail = mail_of("{{ name }}", name="x" * 500)
        assert (len(mail.subject), mail.template_error) == (200, "")


class TestTextAlone:
    def test_is_the_text_part_word_for_word(self) -> None:
        assert (
            text_of(mail_of(text="{{ outcome }}:\n  {{ name }}\n\n\n\nBye")) == "Failed:\n  7-Zip 24.08 to Lab\n\nBye\n"
        )

    def test_makes_an_html_part_in_the_house_layout(self) -> None:
        html = html_of(mail_of(text="Hello\n  you\n\n{{ name }}", name="R&D <Lab>"))
        assert re.search(r"<p[^>]*>Hello<br>&nbsp;&nbsp;you</p>\n<p[^>]*>R&amp;D &lt;Lab&gt;</p>", html)
        assert 'class="card"' in html

    @pytest.mark.parametrize(
        ("text", "links"),
        [
            ("see https://x.test/a?b=1&c=2.", ["https://x.test/a?b=1&amp;c=2"]),
            ("(http://x.test/), https://y.test!", ["http://x.test/", "https://y.test"]),
            ("javascript:alert(1) ftp://x.test data:text/html,x", []),
            ("<https://x.test/'><script>", ["https://x.test/"]),
            ("https://", []),
        ],
    )
    def test_makes_only_web_addresses_clickable(self, text: str, links: list[str]) -> None:
        html = html_of_text(text)
        assert re.findall(r'href="([^"]*)"', html) == links
        assert "<script" not in html

    def test_is_what_a_list_of_mails_shows_behind_the_subject(self) -> None:
        html = html_of(mail_of(text="\nAll\n is <well>. " + "x" * 500))
        assert re.search(r"mso-hide:all\">All is &lt;well&gt;. x+…&#8199;", html)


class TestHtmlAlone:
    def test_is_shown_in_the_house_layout_when_it_is_a_piece(self) -> None:
        html = html_of(mail_of(html="<h2>{{ name }}</h2>", name="<b>x</b>"))
        assert "<h2>&lt;b&gt;x&lt;/b&gt;</h2>" in html
        assert 'class="card"' in html

    def test_is_the_whole_document_when_it_is_one(self) -> None:
        document = "<!DOCTYPE html>\n<html><body><p>x</p></body></html>"
        assert html_of(mail_of(html=document)).strip() == document

    def test_makes_the_text_part(self) -> None:
        html = (
            "<html><head><title>t</title><style>p { color: red }</style></head><body><h1>{{ name }}</h1>"
            "<p>One<br>two&nbsp;&amp; three</p><ul><li>a</li><li>b</li></ul>"
            '<a href="https://x.test/">report</a> <a href="https://y.test/">https://y.test/</a>'
            "<table><tr><td>1</td><td>2</td></tr></table><script>alert(1)</script></body></html>"
        )
        assert text_of(mail_of(html=html)) == (
            "7-Zip 24.08 to Lab\n\nOne\ntwo & three\n\n- a\n- b\n\nreport <https://x.test/> https://y.test/\n\n1 2\n"
        )

    @pytest.mark.parametrize(
        "html",
        [
            "<a href='https://x.test'>",
            "</p></a></td>",
            "<p",
            "<!-- x",
            "<![odd>",
            "<a" * 9000,
            "<!--" * 9000,
            "<b><i></b>y",
            "&#xd800;&#0;x",
        ],
    )
    def test_may_be_broken(self, html: str) -> None:
        mail = mail_of(html=html + " {{ name }}")
        assert not any(part.defects for part in read(mail).walk())


def test_both_parts_given_are_both_used() -> None:
    mail = mail_of(text="plain {{ failed }}", html="<p>rich {{ failed }}</p>")
    assert text_of(mail) == "plain 1\n"
    assert "<p>rich 1</p>" in html_of(mail)


@pytest.mark.parametrize("html", ["<p>x</p>", "<html><body><p>x</p></body></html>", "<html>x"])
def test_whom_it_left_out_is_said_in_own_words_too(html: str) -> None:
    mail = mail_of(text="x", html=html, rule={"to": ["broken@", "ops@x.test"]})
    assert "“broken@” cannot be used" in text_of(mail)
    assert "“broken@” cannot be used" in html_of(mail)


class TestTemplatesThatBreak:
    @pytest.mark.parametrize(
        ("field", "label"), [("subject_template", "subject"), ("text_template", "text"), ("html_template", "HTML")]
    )
    def test_never_lose_the_mail(self, field: str, label: str) -> None:
        mail = mail_of(rule={}) if not field else notification_mail(
            notification(**{"subject_template": "mine", "text_template": "mine", field: "x\n{{ gone }}"}),
            completion(), targets("failed"), NOW,
        )  # fmt: skip
        reason = "A subject is one line." if label == "subject" else "There is no variable “gone”."
        assert mail.subject == "Failed: 7-Zip 24.08 to Lab (1 of 1 target failed)"
        assert mail.template_error.startswith(f"Its own {label} could not be used. Line")
        assert reason in mail.template_error
        for part in (text_of(mail), html_of(mail)):
            assert "PC-000" in part
            assert reason in part
            assert "default form" in part

    def test_are_told_of_no_more_once_they_work(self) -> None:
        assert mail_of("{{ name }}", "{{ name }}", "{{ name }}").template_error == ""

    def test_that_say_nothing_are_broken_too(self) -> None:
        assert "It came out empty." in mail_of(text="{% if failed > 99 %}x{% endif %}").template_error

    def test_that_cost_too_much_are_broken_too(self) -> None:
        loops = "{% for a in targets %}{% for b in targets %}{{ a.detail }}{% endfor %}{% endfor %}"
        rows = targets(*["failed"] * 100, detail="x" * 1000)
        mail = notification_mail(notification(text_template=loops), completion(), rows, NOW)
        assert "It makes more than 250,000 characters." in mail.template_error
        assert "PC-000" in text_of(mail)
