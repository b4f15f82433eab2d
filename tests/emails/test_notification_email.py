import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import override_settings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from notifications.emails.mail import Mail
from notifications.emails.notification_email import notification_mail
from notifications.models import MailServerSettings, Recipient, TargetResult
from tests.emails.props import NOW, completion, html_of, notification, read, targets, text_of

pytestmark = pytest.mark.django_db

HEADERS = [
    "Date",
    "Message-ID",
    "Subject",
    "To",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "X-Mailadmin-Kind",
    "X-Mailadmin-Completion",
    "MIME-Version",
    "Content-Type",
]
EVIL = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</title></style><b>",
    "{{7*7}}",
    "{% include 'x' %}",
    "{0.__class__}",
    "%s%n",
    "${jndi:ldap://x}",
    "=?utf-8?q?x?=",
    "--part-1\r\nContent-Type: text/html\r\n\r\nx",
    "x\r\nBcc: eve@x.test",
    "a\x00b\x0bc\u2028d\u0085e",
    "\u202egpj.exe",
    "R&D <Lab>",
    "🚀 שלום",
    "x" * 3000,
]


def mail_for(rows: list[TargetResult] | None = None, rule: dict[str, Any] | None = None, **told: Any) -> Mail:
    return notification_mail(notification(**(rule or {})), completion(**told), rows or [], NOW)


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attributes}
        self.links += [value or "" for name, value in attributes if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text += data


class TestTheHeaders:
    def test_are_these_and_no_others(self) -> None:
        assert read(mail_for()).keys() == HEADERS

    def test_name_the_completion_and_ask_for_no_automatic_answer(self) -> None:
        told = completion()
        mail = read(notification_mail(notification(), told, [], NOW))
        assert mail["X-Mailadmin-Completion"] == str(told.uuid)
        assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-generated", "All")

    def test_carry_the_time_of_composition(self) -> None:
        assert parsedate_to_datetime(read(mail_for())["Date"]) == NOW

    def test_take_the_message_id_from_the_sender_s_domain(self) -> None:
        MailServerSettings(basic_sender="Deployments <deploy@Bücher.example>").save()
        mail = mail_for()
        assert re.fullmatch(r"<[0-9a-f-]{36}@xn--bcher-kva.example>", mail.internet_message_id)
        assert read(mail)["Message-ID"] == mail.internet_message_id

    def test_have_a_message_id_before_a_sender_is_set_too(self) -> None:
        assert mail_for().internet_message_id.endswith("@localhost>")

    def test_are_new_for_each_mail(self) -> None:
        assert mail_for().internet_message_id != mail_for().internet_message_id


class TestTheRecipients:
    def test_stand_in_their_fields_and_blind_copies_in_none(self) -> None:
        mail = mail_for(
            rule={"cc": ["Ann <ann@x.test>"], "bcc": ["secret@x.test"], "reply_to": ["desk@x.test", "b@x.test"]}
        )
        head = read(mail)
        assert head["To"] == "Operations <ops@example.com>"
        assert head["Cc"] == "Ann <ann@x.test>"
        assert head["Reply-To"] == "desk@x.test, b@x.test"
        assert b"secret" not in mail.content
        assert mail.recipients == (
            ("ops@example.com", Recipient.Field.TO),
            ("ann@x.test", Recipient.Field.CC),
            ("secret@x.test", Recipient.Field.BCC),
        )

    def test_are_undisclosed_when_all_are_blind(self) -> None:
        mail = mail_for(rule={"to": [], "bcc": ["a@x.test"]})
        assert b"\r\nTo: undisclosed-recipients:;\r\n" in mail.content
        assert read(mail)["Cc"] is None

    def test_need_no_to_beside_a_cc(self) -> None:
        head = read(mail_for(rule={"to": [], "cc": ["a@x.test"]}))
        assert (head["To"], head["Cc"]) == (None, "a@x.test")

    def test_are_served_once_in_the_most_visible_field(self) -> None:
        mail = mail_for(rule={"to": ["a@X.test", "a@x.TEST"], "cc": ["a@x.test", "b@x.test"], "bcc": ["b@x.test"]})
        assert mail.recipients == (("a@x.test", Recipient.Field.TO), ("b@x.test", Recipient.Field.CC))
        assert (read(mail)["To"], read(mail)["Cc"]) == ("a@x.test", "b@x.test")

    def test_may_be_a_thousand(self) -> None:
        mail = mail_for(rule={"to": [f"Überwacher {n} <u{n}@x.test>" for n in range(1000)]})
        assert len(mail.recipients) == len(read(mail)["To"].addresses) == 1000

    def test_that_are_no_longer_valid_are_told_and_do_not_hold_up_the_others(self) -> None:
        mail = mail_for(rule={"to": ["broken@", "ops@x.test"]})
        assert mail.recipients == (("ops@x.test", Recipient.Field.TO),)
        assert "“broken@” cannot be used" in text_of(mail)
        assert "“broken@” cannot be used" in html_of(mail)


class TestTheSubject:
    def test_tells_outcome_name_and_failures(self) -> None:
        mail = mail_for(targets(*["success"] * 117, *["failed"] * 2, "partial"))
        assert mail.subject == read(mail)["Subject"] == "Failed: 7-Zip 24.08 to Lab (3 of 120 targets failed)"

    @pytest.mark.parametrize(
        ("outcome", "reported", "subject"),
        [
            ("success", ["success"], "Success: 7-Zip 24.08 to Lab (1 target)"),
            ("success", [], "Success: 7-Zip 24.08 to Lab"),
            ("partial", ["success", "failed"], "Partly failed: 7-Zip 24.08 to Lab (1 of 2 targets failed)"),
            ("cancelled", ["success", "cancelled"], "Cancelled: 7-Zip 24.08 to Lab (1 of 2 targets cancelled)"),
        ],
    )
    def test_fits_each_outcome(self, outcome: str, reported: list[str], subject: str) -> None:
        assert mail_for(targets(*reported), outcome=outcome).subject == subject

    def test_cuts_a_long_name_and_keeps_the_counts(self) -> None:
        subject = mail_for(targets("failed"), name="x" * 500).subject
        assert len(subject) <= 200
        assert subject.endswith("x… (1 of 1 target failed)")


class TestTheBody:
    def test_tells_the_facts_in_both_parts(self) -> None:
        mail = mail_for(targets("failed", detail="Exit code 1603", seconds=12.5))
        for part in (text_of(mail), html_of(mail)):
            for fact in ("7-Zip 24.08", r"CORP\deploy-svc", "4 min 12 s", "22 Nov 2026, 10:00:00 UTC", "PDQ Deploy"):
                assert fact in part
            for fact in ("PC-000", "Exit code 1603", "12.5 s", "“Failures to operations”"):
                assert fact in part

    @pytest.mark.parametrize(
        ("outcome", "failures_before", "says"),
        [
            ("failed", 2, "3rd failure in a row"),
            ("partial", 10, "11th failure in a row"),
            ("success", 1, "Recovered after 1 failure"),
            ("success", 3, "Recovered after 3 failures"),
        ],
    )
    def test_tells_what_went_before(self, outcome: str, failures_before: int, says: str) -> None:
        mail = mail_for(outcome=outcome, failures_before=failures_before)
        assert says in text_of(mail).splitlines()
        assert says in html_of(mail)

    @pytest.mark.parametrize(("outcome", "before"), [("failed", 0), ("success", 0), ("cancelled", 3)])
    def test_says_nothing_of_history_where_there_is_none(self, outcome: str, before: int) -> None:
        assert not re.search("in a row|Recovered", text_of(mail_for(outcome=outcome, failures_before=before)))

    def test_compares_the_duration_with_the_usual_one(self) -> None:
        told = completion()
        told.usual_seconds = 60.0
        mail = notification_mail(notification(), told, [], NOW)
        assert "4 min 12 s, usually 1 min" in text_of(mail)
        assert "4 min 12 s, usually 1 min" in html_of(mail)

    def test_has_the_sign_that_mail_programs_know_above_its_last_lines(self) -> None:
        assert "-- " in text_of(mail_for()).splitlines()

    def test_leaves_out_what_was_not_told(self) -> None:
        text = text_of(mail_for(package="", version="", user="", url="", started_at=None, finished_at=None))
        assert not re.search(r"Package|User|Started|Finished|Duration|Open in|Targets", text)

    def test_lists_failures_first_and_each_outcome_in_the_order_of_the_report(self) -> None:
        text = text_of(mail_for(targets("success", "failed", "cancelled", "partial", "failed")))
        assert re.findall(r"PC-\d+", text) == ["PC-001", "PC-004", "PC-003", "PC-002", "PC-000"]

    def test_lists_a_hundred_targets_and_counts_the_rest(self) -> None:
        mail = mail_for(targets(*["success"] * 1233, "failed"))
        assert "PC-1233" in text_of(mail)
        assert html_of(mail).count("PC-") == 100 + 1  # and once in the preview
        assert "and 1,134 more targets" in text_of(mail)
        assert "and 1,134 more targets" in html_of(mail)

    def test_stays_below_what_gmail_shows_whatever_is_reported(self) -> None:
        mail = mail_for(targets(*["failed"] * 200, detail="<&\"'>" * 1000), name="&" * 500, user="<" * 300)
        assert len(html_of(mail).encode()) < 100_000
        assert "more targets" in html_of(mail)

    def test_stays_below_60_kb_for_a_hundred_usual_targets(self) -> None:
        mail = mail_for(
            targets(*["failed"] * 100, detail="Exit code 1603: fatal error during installation, see the log")
        )
        assert len(html_of(mail).encode()) < 60_000

    def test_shows_one_failure_in_a_thousand_in_the_bar(self) -> None:
        html = html_of(mail_for(targets(*["success"] * 999, "failed")))
        assert re.findall(r'class="bar-(\w+)" width="(\d+)%"', html) == [("success", "99"), ("failed", "1")]

    @pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "ftp://x/"])
    def test_links_only_to_the_web(self, url: str) -> None:
        mail = mail_for(url=url)
        assert url not in Tags(html_of(mail)).links
        assert "Open in" not in text_of(mail)

    @override_settings(PUBLIC_URL="https://panel.example")
    def test_links_to_the_tool_and_to_the_panel(self) -> None:
        told = completion()
        links = Tags(html_of(notification_mail(notification(), told, [], NOW))).links
        assert f"https://panel.example/completions/{told.uuid}/" in links
        assert told.url in links

    def test_loads_nothing_from_anywhere(self) -> None:
        tags = Tags(html_of(mail_for(targets("failed"))))
        assert not tags.names & {"img", "script", "link", "iframe", "form"}
        assert not re.search(r"url\(|@import|src=", html_of(mail_for()))

    def test_is_told_even_for_times_that_no_zone_can_shift(self) -> None:
        with override_settings(TIME_ZONE="America/New_York"):
            assert "1 Jan 1," in text_of(mail_for(started_at=datetime(1, 1, 1, tzinfo=UTC)))


@pytest.mark.parametrize("evil", EVIL)
class TestHostileText:
    def mail(self, evil: str) -> Mail:
        fields = dict.fromkeys(("name", "package", "version", "schedule", "user", "source", "url"), evil)
        return mail_for(targets("failed", "success", name=evil, detail=evil), rule={"name": evil}, **fields)

    def test_adds_no_header_and_no_part(self, evil: str) -> None:
        mail = read(self.mail(evil))
        assert mail.keys() == HEADERS
        assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
        assert not any(part.defects for part in mail.walk())

    def test_adds_no_tag_and_no_attribute(self, evil: str) -> None:
        plain, hostile = (
            Tags(html_of(mail_for(targets("failed", detail="x"), schedule="x"))),
            Tags(html_of(self.mail(evil))),
        )
        assert hostile.names <= plain.names
        assert hostile.attributes <= plain.attributes
        assert all(re.match("https?://", link) for link in hostile.links)

    def test_is_literal_in_both_parts(self, evil: str) -> None:
        shown = " ".join(re.sub(r"[\x00-\x1f\x80-\x9f\u2028\u202e]", " ", evil).split())[:70]
        assert shown in text_of(self.mail(evil))
        assert shown in Tags(html_of(self.mail(evil))).text


class TestAnyText(TestCase):
    @settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    @given(st.text(st.characters(), max_size=400))
    def test_makes_a_mail_of_seven_bits_in_short_lines_that_parses_back(self, text: str) -> None:
        mail = mail_for(
            targets("failed", name=text, detail=text), rule={"name": text}, name=text, user=text, source=text
        )
        assert mail.content.isascii()
        assert b"\x00" not in mail.content
        assert not re.search(rb"(?<!\r)\n|\r(?!\n)", mail.content)
        assert max(map(len, mail.content.split(b"\r\n"))) <= 78
        assert read(mail).keys() == HEADERS
        assert read(mail)["Subject"] == mail.subject


def test_without_its_html_the_mail_goes_out_with_a_line_that_says_why(tmp_path: Any, settings: Any) -> None:
    (tmp_path / "emails").mkdir()
    (tmp_path / "emails" / "notification.html").write_text("{% if %}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    mail = mail_for(targets("failed"))
    assert read(mail).get_content_type() == "text/plain"
    assert "PC-000" in text_of(mail)
    assert "no formatted part, because it could not be made (TemplateSyntaxError" in text_of(mail)
