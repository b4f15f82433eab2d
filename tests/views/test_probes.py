"""Try again now, and what every open page says of what became of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifications.delivery.sender import send_due
from notifications.models import AuditEvent, HoldReason, MailServerState, Message, Safety
from tests.base import a_message, use_smtp, viewer
from tests.smtp_sink import SmtpSink

REFUSED = "Could not connect to 127.0.0.1:1 (127.0.0.1): Connection refused"


def press(page: Client, next_page: str = "/deliveries/", **options: Any) -> Any:
    return page.post(reverse("probes"), {"next": next_page}, **options)


def news(page: Client) -> str:
    """What an open page is told."""
    return page.get(reverse("mail-state"), {"next": "/deliveries/"}).content.decode()


def hold() -> None:
    MailServerState.load().hold(HoldReason.SIGN_IN, "535 5.7.8", "no")
    MailServerState.objects.update(held_since=timezone.now() - timedelta(minutes=1))


class TestTryAgain:
    def test_makes_the_next_probe_due(self, page: Client) -> None:
        use_smtp(host="127.0.0.1", port=1)
        hold()
        a_message()
        assert press(page)["Location"] == "/deliveries/"
        assert MailServerState.load().next_probe_at <= timezone.now()

    def test_ends_the_wait_for_a_server_and_for_the_mails_own_retry(self, page: Client) -> None:
        later = timezone.now() + timedelta(minutes=5)
        with SmtpSink() as sink:
            use_smtp(sink)
            MailServerState.load().pause(timedelta(minutes=5), REFUSED)
            a_message(next_attempt_at=later)
            press(page)
            send_due()
            assert len(sink.mails) == 1
        assert AuditEvent.objects.get(action="probe").subject == REFUSED

    def test_does_nothing_while_mail_flows(self, page: Client) -> None:
        use_smtp(host="127.0.0.1", port=1)
        assert "Nothing keeps mail back any more" in press(page, follow=True).content.decode()
        assert MailServerState.load().next_probe_at is None

    def test_says_so_when_there_is_no_mail_to_try_with(self, page: Client) -> None:
        use_smtp(host="127.0.0.1", port=1)
        hold()
        assert "No mail waits to try it with" in press(page, follow=True).content.decode()

    def test_says_so_when_people_paused_mail_as_well(self, page: Client) -> None:
        use_smtp(host="127.0.0.1", port=1)
        hold()
        a_message()
        Safety.load().change({"paused": True})
        assert "paused under Reports &gt; Safety, so no mail tries" in press(page, follow=True).content.decode()

    def test_leads_to_no_foreign_place(self, page: Client, db: None) -> None:
        assert press(page, "https://evil.example/")["Location"] == reverse("mail-server")


class TestNews:
    def test_say_that_a_mail_finds_out_and_then_that_it_was_refused_again(self, page: Client) -> None:
        with SmtpSink(users={"ops": "another"}) as sink:
            use_smtp(sink, user="ops", password="wrong")
            hold()
            a_message()
            press(page)
            assert "a mail is on its way to find out" in news(page)
            send_due()
        text = news(page)
        assert "tried again <time" in text
        assert "without success (535 5.7.8)" in text
        assert "on its way" not in text

    def test_tell_a_try_right_after_the_first_refusal_from_that(self, page: Client) -> None:
        with SmtpSink(users={"ops": "another"}) as sink:
            use_smtp(sink, user="ops", password="wrong")
            a_message()
            send_due()
            assert "without success" not in news(page)
            press(page)
            send_due()
        assert "without success (535 5.7.8)" in news(page)

    def test_say_that_mail_goes_again_and_then_ask_no_more(self, page: Client) -> None:
        with SmtpSink() as sink:
            use_smtp(sink)
            hold()
            a_message()
            assert 'hx-get="/mail-state/' in page.get("/deliveries/").content.decode()
            press(page)
            send_due()
        text = news(page)
        assert "Mail goes out again." in text
        assert "hx-get" not in text
        assert 'id="mail-state" hx-swap-oob="true"' in text

    def test_are_not_asked_for_while_nothing_is_on_its_way(self, page: Client) -> None:
        use_smtp(host="127.0.0.1", port=1)
        hold()
        assert "/mail-state/" not in page.get("/inbox/").content.decode()

    def test_of_a_moment_that_is_over_say_now(self, page: Client) -> None:
        use_smtp(host="127.0.0.1", port=1)
        hold()
        a_message()
        MailServerState.objects.update(next_probe_at=timezone.now() - timedelta(seconds=3))
        listed = page.get("/deliveries/").content.decode()
        assert "next try <time" not in listed
        assert "on its way to find out" in listed

    def test_tell_a_viewer_whom_to_tell(self, client: Client, page: Client) -> None:
        client.force_login(viewer())
        use_smtp(host="127.0.0.1", port=1)
        hold()
        text = client.get("/deliveries/").content.decode()
        assert "Tell an administrator: ada." in text
        assert "Enter SMTP Server User and Password again" not in text
        assert "Open Mail Server" not in text
        assert "Try again now" not in text


def test_a_mail_that_waits_for_its_hours_is_not_tried_before_them(page: Client) -> None:
    use_smtp(host="127.0.0.1", port=1)
    hold()
    opening = timezone.now() + timedelta(hours=8)
    a_message(not_before=opening, next_attempt_at=opening)
    assert "No mail waits to try it with" in press(page, follow=True).content.decode()
    assert Message.objects.get().next_attempt_at == pytest.approx(opening, abs=timedelta(seconds=1))
