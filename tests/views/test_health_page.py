"""System > Health: what a monitor is told, in words, with what to do about it."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifications.delivery.sweep import sweep
from notifications.models import HoldReason, MailServerState, Message, Safety
from notifications.views.health import NAMES, WHAT_TO_DO
from tests.base import a_message, begin_attempt, use_smtp, viewer


@pytest.fixture
def alive(db: None, redis_url: str, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CELERY_BROKER_URL = redis_url
    monkeypatch.setattr("notifications.delivery.hints.current_app.conf.broker_write_url", redis_url)
    use_smtp(host="mail.contoso.test", port=25, user="ops", password="s3cret-of-the-server")
    sweep()


def words_of(page: Client, **headers: str) -> str:
    html = page.get(reverse("health"), headers=headers).content.decode()
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.usefixtures("alive")
class TestParts:
    def test_all_is_well_and_says_so(self, page: Client) -> None:
        text = words_of(page)
        assert "Everything works Ready" in text
        assert "What to do:" not in text

    def test_a_silent_worker_is_told_with_what_to_do(self, page: Client) -> None:
        MailServerState.objects.update(swept_at=timezone.now() - timedelta(minutes=5))
        text = words_of(page)
        assert "1 part needs somebody Not ready" in text
        assert "What to do: Start them: manage.py up runs both." in text

    def test_two_parts_need_somebody(self, page: Client) -> None:
        MailServerState.objects.update(swept_at=timezone.now() - timedelta(minutes=5))
        MailServerState.load().hold(HoldReason.SIGN_IN, "535", "authentication failed")
        assert "2 parts need somebody" in words_of(page)

    def test_a_held_mail_server_leads_to_its_page(self, page: Client) -> None:
        MailServerState.load().hold(HoldReason.SIGN_IN, "535", "authentication <failed>")
        html = page.get(reverse("health")).content.decode()
        assert "authentication &lt;failed&gt;" in html
        assert f'id="health-to-mail-server" href="{reverse("mail-server")}"' in html

    def test_a_pause_on_safety_is_named_as_the_reason_and_leads_there(self, page: Client) -> None:
        a_message()
        Safety.load().change({"paused": True})
        text = words_of(page)
        assert "Notification mail is paused Paused" in text
        assert "Queue Paused under Reports > Safety" in text.replace("&gt;", ">")
        assert "Open Safety" in text
        assert "Everything works" not in text

    def test_a_server_that_cannot_be_reached_waits_from_the_first_moment(self, page: Client) -> None:
        a_message()
        reason = "Could not connect to 127.0.0.1:9 (127.0.0.1): Connection refused"
        MailServerState.load().pause(timedelta(seconds=30), reason)
        html = page.get(reverse("health")).content.decode()
        assert "<h2>Mail is waiting: nothing listens at 127.0.0.1:9</h2>" in html
        assert 'data-tone="warning"><svg' in html
        assert "Ready" not in html.partition('id="health"')[2].partition("</ul>")[0]
        assert page.get(reverse("readyz")).status_code == 200

    def test_a_viewer_is_told_whom_to_tell(self, page: Client, client: Client) -> None:
        client.force_login(viewer())
        MailServerState.load().hold(HoldReason.SIGN_IN, "535", "no")
        text = words_of(client)
        assert "Tell an administrator: ada." in text
        assert "The Mail Server page says what is wrong" not in text

    def test_a_broker_that_is_away_says_that_nothing_is_lost(
        self, page: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("notifications.delivery.hints.current_app.conf.broker_write_url", "redis://127.0.0.1:1/")
        assert "What to do: Nothing is lost" in words_of(page)

    def test_a_disk_that_is_nearly_full_is_told(self, page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        # More than any disk has: the same as one that is full.
        monkeypatch.setattr("notifications.views.room.LEAST_BYTES", 2**80)
        assert "What to do: Make room" in words_of(page)

    def test_a_part_that_is_looked_at_has_a_name_and_an_advice(self) -> None:
        assert NAMES.keys() == WHAT_TO_DO.keys() - {"safety", "restored"}


@pytest.mark.usefixtures("alive")
class TestFacts:
    def test_versions_and_kinds_are_named_and_no_address_with_its_password(self, page: Client, settings: Any) -> None:
        settings.CELERY_BROKER_URL = "rediss://:s3cret-of-the-broker@redis.contoso.test/0"
        text = words_of(page)
        assert re.search(r"mailadmin \d+\.\d+\.\d+ Python 3\.\d+\.\d+ Django 5\.2", text)
        assert {"sqlite": "SQLite 3.", "postgresql": "PostgreSQL 1"}[connection.vendor] in text
        assert "Redis or Valkey, with TLS" in text
        assert "s3cret" not in text

    def test_workers_are_known_by_their_last_tries(self, page: Client) -> None:
        for worker in ("deploy-01:41", "deploy-01:42", "deploy-01:42"):
            attempt = begin_attempt(a_message(), mode="basic", settings_version=1, worker=worker)
            assert attempt
        attempt.finish(attempt.Outcome.ACCEPTED)
        text = words_of(page)
        assert "deploy-01:41 sending now · 1 in the last hour" in text
        assert "deploy-01:42 sending now · 2 in the last hour" in text

    def test_without_tries_nobody_is_named(self, page: Client) -> None:
        assert "No worker had anything to send." in words_of(page)

    def test_the_queue_is_told_by_what_waits_and_why(self, page: Client) -> None:
        for minutes in (-1, -1, 6.5):
            message = a_message()
            Message.objects.filter(pk=message.pk).update(next_attempt_at=timezone.now() + timedelta(minutes=minutes))
        text = words_of(page)
        assert "Due now 2" in text
        assert "Waiting for a later try 1, the next in 6 min" in text

    def test_what_is_older_than_the_retention_is_counted(self, page: Client, settings: Any) -> None:
        settings.RETENTION_DAYS = 30
        message = a_message()
        Message.objects.filter(pk=message.pk).update(state="sent", finished_at=timezone.now() - timedelta(days=31))
        assert "Kept for 30 days; the worker deletes older mails every hour, 1 are due to go" in words_of(page)


@pytest.mark.usefixtures("alive")
def test_a_poll_gets_the_changing_part_alone(page: Client) -> None:
    news = page.get(reverse("health"), headers={"HX-Request": "true"}).content.decode()
    assert 'id="health"' in news
    assert "<html" not in news
    assert "Software" not in news


def test_a_viewer_may_look(db: None) -> None:
    vic = Client()
    vic.force_login(viewer())
    assert vic.get(reverse("health")).status_code == 200


def test_a_stranger_may_not(db: None) -> None:
    assert reverse("sign-in") in Client().get(reverse("health"))["Location"]
