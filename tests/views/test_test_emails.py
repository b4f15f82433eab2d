"""Send Test Email: queued like any mail, told step by step."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from notifications.capture import store
from notifications.delivery.sender import send_due
from notifications.models import MailServerSettings, MailServerState, Message
from tests.base import a_message, use_smtp
from tests.smtp_sink import SmtpSink

SECRET = "hunter2-never-in-a-page"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def in_force(db: None) -> MailServerSettings:
    """Answers nothing: what is tested here with these values is not sent."""
    return use_smtp(host="127.0.0.1", port=1, sender="Ops <ops@example.com>", connect_timeout=10, total_timeout=45)


def values_of(server: str) -> dict[str, str]:
    """What the page posts."""
    values = {"security": "none", "sender": "Ops <ops@example.com>", "connect_timeout": "10", "total_timeout": "45"}
    return {"server": server, "user": "", "password": "", "pace": "unlimited", "test_to": "me@example.com", **values}


def send(page: Client, server: str = "127.0.0.1:1", in_place: bool = False, **changes: Any) -> Any:
    return page.post(reverse("test-emails"), values_of(server) | changes, headers=HTMX if in_place else {})


def test_it_is_a_mail_in_the_outbox(page: Client, ada: User, in_force: MailServerSettings) -> None:
    response = send(page)

    message = Message.objects.get()
    assert response["Location"] == reverse("test-email", args=[message.uuid])
    assert (message.kind, message.requested_by) == (Message.Kind.TEST, ada)
    assert [recipient.address for recipient in message.recipients.all()] == ["me@example.com"]


def test_the_values_in_force_are_tested_as_such(page: Client, in_force: MailServerSettings) -> None:
    send(page)
    assert Message.objects.get().draft_server is None


def test_unsaved_values_travel_with_the_mail_and_are_not_saved(page: Client, in_force: MailServerSettings) -> None:
    send(page, server="mail.other.example:2525", user="ops", password=SECRET, allow_clear_password="on")

    draft = json.loads(Message.objects.get().draft_server)
    assert (draft["basic_host"], draft["basic_port"], draft["basic_password"]) == ("mail.other.example", 2525, SECRET)
    assert MailServerSettings.load().version == in_force.version


def test_the_saved_password_is_not_sent_to_another_server(page: Client, in_force: MailServerSettings) -> None:
    use_smtp(host="mail.example.com", port=587, security="starttls", user="ops", password=SECRET)

    response = send(page, server="mail.evil.example:25", user="ops", security="starttls")

    assert response.status_code == 422
    assert "and the server and the port were changed" in response.content.decode()
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("server", "mail.x.com:587:1", "more than one colon"),
        ("test_to", "", "Enter the address"),
        ("test_to", "nobody", "has no @"),
        ("test_to", "a@example.com\r\nBcc: b@example.com", "line break"),
    ],
)
@pytest.mark.parametrize("in_place", [True, False])
def test_what_cannot_be_tested_is_said_at_once(
    page: Client, in_force: MailServerSettings, field: str, value: str, says: str, in_place: bool
) -> None:
    response = send(page, in_place=in_place, **{field: value})

    assert response.status_code == 422
    assert says in response.content.decode()
    assert not Message.objects.exists()


def test_in_place_only_the_errors_come_back(page: Client, in_force: MailServerSettings) -> None:
    text = send(page, in_place=True, test_to="nobody").content.decode()
    assert 'href="#id_test_to"' in text
    assert "<form" not in text


def test_ten_a_minute_are_enough(page: Client, in_force: MailServerSettings) -> None:
    answers = [send(page).status_code for _ in range(11)]
    assert answers == [302] * 10 + [429]
    assert Message.objects.count() == 10


def test_the_recipient_is_remembered(page: Client, in_force: MailServerSettings) -> None:
    send(page, test_to="Me <me@example.com>")
    assert "Me &lt;me@example.com&gt;" in page.get(reverse("mail-server")).content.decode()


class TestStory:
    def story(self, page: Client, in_place: bool = True) -> str:
        url = reverse("test-email", args=[Message.objects.get().uuid])
        response = page.get(url, headers=HTMX if in_place else {})
        assert "no-store" in response["Cache-Control"]
        return str(response.content.decode())

    def test_asks_again_while_something_is_pending(self, page: Client, in_force: MailServerSettings) -> None:
        send(page)
        text = self.story(page)
        assert 'hx-trigger="every 1s"' in text
        assert "waiting for a worker" in text

    def test_reloads_itself_without_javascript(self, page: Client, in_force: MailServerSettings) -> None:
        send(page)
        assert '<meta http-equiv="refresh" content="1">' in self.story(page, in_place=False)

    def test_ends_with_who_accepted_it(self, page: Client, in_force: MailServerSettings) -> None:
        with SmtpSink() as sink:
            send(page, server=f"{sink.host}:{sink.port}")
            send_due()
            assert [mail.recipients for mail in sink.mails] == [("me@example.com",)]
        text = self.story(page)
        assert f"connected to {sink.host}:{sink.port}" in text
        assert f"accepted by {sink.host} (250" in text
        assert "hx-trigger" not in text
        assert "refresh" not in self.story(page, in_place=False)
        assert "These values are not saved yet." in text

    def test_leads_to_the_mail_in_the_built_in_inbox(
        self, page: Client, in_force: MailServerSettings, settings: Any, tmp_path: Path
    ) -> None:
        settings.DATA_DIR = tmp_path
        with SmtpSink() as sink:
            settings.CAPTURE_INBOX_PORT = sink.port
            send(page, server=f"{sink.host}:{sink.port}")
            send_due()
            key = store.add("ops@example.com", ["me@example.com"], sink.mails[0].content)
        assert reverse("inbox-mail", args=[key]) in self.story(page)

    def test_tells_the_rest_of_the_page_that_it_was_accepted(self, page: Client, in_force: MailServerSettings) -> None:
        with SmtpSink() as sink:
            send(page, server=f"{sink.host}:{sink.port}")
            send_due()
        response = page.get(reverse("test-email", args=[Message.objects.get().uuid]), headers=HTMX)
        assert "test-accepted" in response["HX-Trigger"]

    def test_opens_a_failure_with_cause_and_fix(self, page: Client, in_force: MailServerSettings) -> None:
        send(page)
        send_due()
        text = self.story(page)
        assert "Nothing listens at 127.0.0.1:1" in text
        assert "What to do:" in text
        assert text.index("What to do:") < text.index("Connection refused")
        assert "hx-trigger" not in text

    def test_shows_no_password(self, page: Client, in_force: MailServerSettings) -> None:
        with SmtpSink(users={"ops": "another"}) as sink:
            send(page, server=f"{sink.host}:{sink.port}", user="ops", password=SECRET)
            send_due()
        text = self.story(page)
        assert "sign-in refused: 535" in text
        assert SECRET not in text

    def test_of_unsaved_values_holds_nothing(self, page: Client, in_force: MailServerSettings) -> None:
        with SmtpSink(users={"ops": "another"}) as sink:
            send(page, server=f"{sink.host}:{sink.port}", user="ops", password=SECRET)
            send_due()
        assert not MailServerState.load().is_held

    def test_is_told_of_tests_only(self, page: Client, in_force: MailServerSettings) -> None:
        message = a_message()
        assert page.get(reverse("test-email", args=[message.uuid])).status_code == 404
