import re
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from notifications.emails.digest_email import digest_mail
from notifications.emails.mail import Mail
from notifications.models import Completion, DigestEntry, Outcome
from tests.base import a_completion
from tests.emails.props import NOW, completion, html_of, notification, read, text_of

pytestmark = pytest.mark.django_db
WINDOW = (NOW - timedelta(hours=1), NOW)


def several(*outcomes: str, **told: Any) -> list[Completion]:
    return [
        completion(**{"outcome": outcome, "name": f"Job {place}", "received_at": NOW, **told})
        for place, outcome in enumerate(outcomes)
    ]


def digest(*outcomes: str, reason: str = "digest", rule: dict[str, Any] | None = None, **told: Any) -> Mail:
    return digest_mail(notification(**(rule or {})), several(*outcomes, **told), reason, WINDOW, NOW)


def throttled(*outcomes: str) -> Mail:
    rule = {"throttle_count": 3, "throttle_minutes": 10, "name": "Failures"}
    return digest(*outcomes, reason=DigestEntry.Reason.THROTTLED, rule=rule)


class TestTheSubject:
    @pytest.mark.parametrize(
        ("outcomes", "subject"),
        [
            (["failed"] * 3 + ["success"] * 9, "12 deployments: 3 failed, 9 succeeded"),
            (["success"], "1 deployment: 1 succeeded"),
            (["cancelled", "partial", "failed"], "3 deployments: 1 failed, 1 partly failed, 1 cancelled"),
            (["success"] * 1200, "1,200 deployments: 1,200 succeeded"),
        ],
    )
    def test_counts_what_happened(self, outcomes: list[str], subject: str) -> None:
        mail = digest(*outcomes)
        assert mail.subject == read(mail)["Subject"] == subject

    def test_speaks_of_schedules_where_they_are_meant(self) -> None:
        assert digest("success", "success", rule={"kind": "schedule"}).subject == "2 schedules: 2 succeeded"

    def test_says_who_suppressed_them(self) -> None:
        subject = throttled(*["failed"] * 3, *["success"] * 14).subject
        assert subject == "17 more suppressed by “Failures”: 3 failed, 14 succeeded"

    def test_cuts_a_long_name_and_keeps_the_counts(self) -> None:
        subject = digest("failed", reason="throttled", rule={"name": "x" * 200}).subject
        assert len(subject) <= 200
        assert subject.endswith("x…”: 1 failed")


class TestTheBody:
    def test_lists_failures_first(self) -> None:
        text = text_of(digest("success", "failed", "cancelled", "partial"))
        assert re.findall(r"Job \d", text) == ["Job 1", "Job 3", "Job 2", "Job 0"]

    def test_tells_the_window_in_the_notifications_time_zone(self) -> None:
        mail = digest("failed", rule={"time_zone": "Europe/Berlin"})
        assert "22 Nov 2026, 10:05 – 11:05 CET" in text_of(mail)
        assert "22 Nov 2026, 10:05 – 11:05 CET" in html_of(mail)

    def test_says_why_there_are_so_many_at_once(self) -> None:
        text = text_of(throttled("failed", "failed"))
        assert "No more than 3 mails in 10 minutes may go out; the rest is told here." in text

    def test_lists_a_hundred_and_counts_the_rest(self) -> None:
        mail = digest(*["failed"] * 40, *["success"] * 1194)
        assert "and 1,134 more deployments" in text_of(mail)
        assert "and 1,134 more deployments" in html_of(mail)
        assert len(re.findall(r'class="link" href="[^"]*/completions/[0-9a-f-]{36}/"', html_of(mail))) == 100

    def test_stays_below_what_gmail_shows_whatever_was_reported(self) -> None:
        assert len(html_of(digest(*["failed"] * 200, name="<&\"'>" * 100)).encode()) < 100_000

    def test_tells_of_each_how_many_targets_failed(self) -> None:
        told = [
            a_completion({"PC-1": "failed", "PC-2": "partial", "PC-3": "success"}),
            a_completion({"PC-1": "success"}),
        ]
        text = text_of(digest_mail(notification(), told, "digest", WINDOW, NOW))
        assert "2 of 3 targets failed" in text
        assert "1 target ·" in text

    def test_asks_no_more_about_thirty_than_about_one(self) -> None:
        def queries(number: int) -> int:
            told = [a_completion({"PC-1": "failed"}) for _ in range(number)]
            with CaptureQueriesContext(connection) as asked:
                digest_mail(notification(), told, "digest", WINDOW, NOW)
            return len(asked)

        queries(1)  # makes the row of the mail server's settings
        assert queries(30) == queries(1)

    @override_settings(PUBLIC_URL="https://panel.example")
    def test_leads_to_each_report(self) -> None:
        told = several("failed")
        html = html_of(digest_mail(notification(), told, "digest", WINDOW, NOW))
        assert f"https://panel.example/completions/{told[0].uuid}/" in html

    def test_says_whom_it_left_out(self) -> None:
        mail = digest("failed", rule={"to": ["broken@", "ops@x.test"]})
        assert [address for address, _ in mail.recipients] == ["ops@x.test"]
        assert "“broken@” cannot be used" in html_of(mail)

    @pytest.mark.parametrize(
        "evil", ["<script>alert(1)</script>", "x\r\nBcc: eve@x.test", "{{ 7|add:7 }}", "\x00\u202e"]
    )
    def test_shows_hostile_names_as_text(self, evil: str) -> None:
        mail = digest("failed", reason="throttled", rule={"name": evil}, name=evil, source=evil)
        assert read(mail)["Bcc"] is None
        assert "<script" not in html_of(mail)
        assert not any(part.defects for part in read(mail).walk())


def test_it_says_that_it_is_a_digest() -> None:
    assert read(digest("failed"))["X-Mailadmin-Kind"] == "digest"


def test_ten_thousand_are_counted_to_the_last_one() -> None:
    mail = digest(*["failed", "success", "success", "partial", "cancelled"] * 2000)
    assert mail.subject == (
        "10,000 deployments: 2,000 failed, 2,000 partly failed, 2,000 cancelled, 4,000 succeeded"
    )  # fmt: skip
    assert "and 9,900 more deployments" in text_of(mail)


class TestAnyHistory(TestCase):
    @settings(max_examples=40, deadline=None)
    @given(st.lists(st.sampled_from(list(Outcome)), min_size=1, max_size=150))
    def test_is_counted_as_it_happened(self, outcomes: list[Outcome]) -> None:
        subject = digest(*outcomes).subject
        words = {"failed": "failed", "partial": "partly failed", "cancelled": "cancelled", "success": "succeeded"}
        for outcome, count in Counter(outcomes).items():
            assert f" {count} {words[outcome]}" in subject
        assert sum(map(int, re.findall(r"(?<=[:,] )\d+", subject))) == len(outcomes)
