"""What a test says about values that are saved after it."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from notifications.delivery.sender import send_due
from notifications.models import HoldReason, MailServerSettings, MailServerState, Message, Safety
from tests.base import a_message, use_smtp
from tests.smtp_sink import SmtpSink

SECRET = "hunter2-never-in-a-page"


def values_of(sink: SmtpSink, **changes: str) -> dict[str, str]:
    values = {
        "server": f"{sink.host}:{sink.port}",
        "security": "none",
        "user": "ops",
        "password": SECRET,
        "sender": "Ops <ops@example.com>",
        "connect_timeout": "10",
        "total_timeout": "45",
        "pace": "unlimited",
        "test_to": "me@example.com",
    }
    return values | changes


def send_test(page: Client, sink: SmtpSink, **changes: str) -> None:
    page.post(reverse("test-emails"), values_of(sink, **changes))
    send_due()


def save(page: Client, sink: SmtpSink, **changes: str) -> str:
    version = {"version": str(MailServerSettings.load().version)}
    response: Any = page.post(reverse("mail-server-basic"), values_of(sink, **changes) | version, follow=True)
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


@pytest.fixture
def wants_another() -> Any:
    with SmtpSink(users={"ops": "another"}) as sink:
        yield sink


def test_values_that_a_test_refused_are_not_called_good(page: Client, wants_another: SmtpSink) -> None:
    send_test(page, wants_another)
    text = save(page, wants_another)
    assert "Saved, but a test with these values was refused 0 s ago (535 5.7.8)." in text
    assert "Active · last test failed" in text
    assert "From now on" not in text


def test_everybody_sees_it_at_the_mode(page: Client, browser: Client, wants_another: SmtpSink) -> None:
    send_test(page, wants_another)
    save(page, wants_another)
    assert "Active · last test failed" in browser.get(reverse("mail-server")).content.decode()


def test_other_values_are_not_doubted(page: Client, wants_another: SmtpSink) -> None:
    send_test(page, wants_another)
    text = save(page, wants_another, password="another")
    assert "Saved. From now on" in text
    assert "Active · ok" in text


def test_a_good_test_afterwards_makes_it_good(page: Client) -> None:
    with SmtpSink(users={"ops": "another"}) as sink:
        send_test(page, sink)
        save(page, sink)
        send_test(page, sink, password="another")
        assert "Active · ok" in save(page, sink, password="another")


def test_the_tested_attempt_is_of_the_saved_version_then(page: Client, wants_another: SmtpSink) -> None:
    send_test(page, wants_another)
    attempt = Message.objects.get().attempts.get()
    assert attempt.settings_version == 0
    save(page, wants_another)
    attempt.refresh_from_db()
    assert attempt.settings_version == MailServerSettings.load().version


def test_no_secret_is_readable_in_the_session(page: Client, wants_another: SmtpSink) -> None:
    send_test(page, wants_another)
    assert SECRET not in str(dict(page.session))


@pytest.mark.parametrize(("number", "says"), [(1, "The mail that waited is"), (5, "The 5 mails that waited are")])
def test_a_save_says_what_it_lets_go(page: Client, wants_another: SmtpSink, number: int, says: str) -> None:
    use_smtp(wants_another, user="ops", password="wrong")
    MailServerState.load().hold(HoldReason.SIGN_IN, "535", "no")
    for _ in range(number):
        a_message()
    assert f"Saved. From now on mail goes out with these values. {says} going out." in save(
        page, wants_another, password="another"
    )


def test_a_save_lets_nothing_go_that_people_paused(page: Client, wants_another: SmtpSink) -> None:
    use_smtp(wants_another, user="ops", password="wrong")
    MailServerState.load().hold(HoldReason.SIGN_IN, "535", "no")
    Safety.load().change({"paused": True})
    a_message()
    assert "going out" not in save(page, wants_another, password="another")
