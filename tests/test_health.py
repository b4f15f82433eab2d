"""Is mail alive? What a monitor is told."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from notifications.delivery.sweep import sweep
from notifications.models import Completion, HoldReason, MailServerState, Message, Safety
from tests.base import a_completion, a_message, use_smtp, viewer

pytestmark = pytest.mark.django_db


@pytest.fixture
def alive(redis_url: str, settings: object, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.CELERY_BROKER_URL = redis_url  # type: ignore[attr-defined]
    monkeypatch.setattr("notifications.delivery.hints.current_app.conf.broker_write_url", redis_url)
    use_smtp(host="mail.contoso.test", port=25)
    sweep()


def ready(client: Client) -> tuple[int, dict[str, dict[str, object]]]:
    response = client.get("/readyz")
    return response.status_code, response.json()


def test_the_web_process_says_it_is_alive_to_anybody(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


def test_everything_in_order_is_ready(client: Client, alive: None) -> None:
    status, body = ready(client)
    assert (status, body["ok"]) == (200, True)
    assert body["mail_server"]["state"] == "ok"
    assert body["queue"]["oldest_due_seconds"] == 0


def test_a_held_mail_server_is_not_ready_and_says_why(client: Client, alive: None) -> None:
    MailServerState.load().hold(HoldReason.SIGN_IN, "535 5.7.8", "authentication failed")
    status, body = ready(client)
    assert status == 503
    assert body["mail_server"]["reason"] == "sign_in"
    assert body["mail_server"]["text"] == "held: The mail server rejected the sign-in"


def test_what_the_mail_server_said_is_for_nobody_outside(client: Client, alive: None) -> None:
    MailServerState.load().hold(HoldReason.SIGN_IN, "535 5.7.3", "user svc-mail@contoso.test: bad password")
    assert b"svc-mail" not in client.get("/readyz").content
    client.force_login(viewer())
    assert b"svc-mail" in client.get("/health/").content


def test_a_worker_that_was_not_seen_for_two_minutes_is_not_ready(client: Client, alive: None) -> None:
    MailServerState.objects.update(swept_at=timezone.now() - timedelta(minutes=2))
    status, body = ready(client)
    assert (status, body["worker"]["ok"]) == (503, False)


@pytest.mark.parametrize("days", [10, 1 / 24])
def test_a_clock_that_was_set_back_is_not_ready_and_no_age_is_negative(
    client: Client, alive: None, days: float
) -> None:
    MailServerState.objects.update(swept_at=timezone.now() + timedelta(days=days))
    status, body = ready(client)
    assert (status, body["clock"]["ok"], body["worker"]["ok"]) == (503, False, False)
    assert body["worker"]["seen_seconds_ago"] == 0
    assert round(float(str(body["clock"]["behind_seconds"])) / 86_400, 2) == round(days, 2)
    assert ("10 days behind" if days > 1 else "1 hour behind") in str(body["clock"]["text"])


def test_a_clock_is_behind_as_long_as_anything_recorded_is_ahead(client: Client, alive: None) -> None:
    a_completion()
    Completion.objects.update(received_at=timezone.now() + timedelta(hours=2))
    status, body = ready(client)
    assert (status, body["clock"]["ok"], body["worker"]["ok"]) == (503, False, True)


def test_clocks_of_two_machines_may_differ_by_some_seconds(client: Client, alive: None) -> None:
    MailServerState.objects.update(swept_at=timezone.now() + timedelta(seconds=20))
    status, body = ready(client)
    assert (status, body["clock"]["text"], body["worker"]["seen_seconds_ago"]) == (200, "steady", 0)


@pytest.mark.parametrize(("hours", "text"), [(1, "set forward by 2 hours at "), (25, "steady")])
def test_a_clock_that_was_set_forward_is_reported_for_a_day(client: Client, alive: None, hours: int, text: str) -> None:
    jumped_at = timezone.now() - timedelta(hours=hours)
    MailServerState.objects.update(clock_jumped_at=jumped_at, clock_jump_seconds=7200.0)
    status, body = ready(client)
    assert (status, str(body["clock"]["text"])[: len(text)]) == (200, text)


def test_mail_that_waits_without_a_reason_is_not_ready(client: Client, alive: None) -> None:
    a_message()
    Message.objects.update(next_attempt_at=timezone.now() - timedelta(minutes=10))
    status, body = ready(client)
    assert (status, body["queue"]["ok"]) == (503, False)
    assert 600 <= float(str(body["queue"]["oldest_due_seconds"])) < 660


def test_mail_that_waits_because_of_a_hold_is_not_counted_against_the_queue(client: Client, alive: None) -> None:
    a_message()
    Message.objects.update(next_attempt_at=timezone.now() - timedelta(minutes=10))
    MailServerState.load().hold(HoldReason.SENDER, "550 5.7.60", "no")
    _, body = ready(client)
    assert body["queue"]["ok"] is True


def test_mail_that_somebody_paused_may_wait(client: Client, alive: None) -> None:
    a_message()
    Message.objects.update(next_attempt_at=timezone.now() - timedelta(minutes=10))
    Safety.objects.create(paused=True)
    _, body = ready(client)
    assert body["queue"]["ok"] is True


def test_a_broker_that_is_away_is_not_ready(client: Client, alive: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifications.delivery.hints.current_app.conf.broker_write_url", "redis://127.0.0.1:1/")
    status, body = ready(client)
    assert (status, body["broker"]["ok"]) == (503, False)


def test_a_fresh_install_is_not_ready_and_says_what_is_missing(client: Client) -> None:
    status, body = ready(client)
    assert status == 503
    assert body["mail_server"]["text"] == "not set up"
    assert body["worker"]["text"] == "no worker was ever seen"


@pytest.mark.parametrize(("minutes", "status"), [(1, 200), (3, 503)])
def test_a_mail_server_that_stays_away_is_not_ready_after_two_minutes(
    client: Client, alive: None, minutes: int, status: int
) -> None:
    now = timezone.now()
    MailServerState.load().pause(timedelta(seconds=30), "Connection refused")
    MailServerState.objects.update(paused_since=now - timedelta(minutes=minutes))
    told, body = ready(client)
    assert told == status
    assert body["mail_server"]["text"] == "waiting until it can be tried again"
