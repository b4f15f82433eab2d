"""The first page: whether mail is alive, how it was, and what to do next."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifications.delivery.sweep import sweep
from notifications.models import (
    ApiToken,
    HoldReason,
    MailServerSettings,
    MailServerState,
    Message,
    Notification,
    Safety,
)
from tests.base import a_completion, a_message, a_notification, begin_attempt, operator, use_smtp, viewer

Settled = Callable[..., Message]
OAUTH2 = {
    "oauth2_client_id": "11111111-1111-4111-8111-111111111111",
    "oauth2_redirect_uri": "http://localhost:8000",
    "oauth2_sender": "sender@contoso.test",
}


def text_of(page: Client, **headers: str) -> str:
    return page.get(reverse("dashboard"), headers=headers).content.decode()


def news_of(page: Client, seen: str) -> str:
    return page.get(reverse("dashboard"), {"seen": seen}, headers={"HX-Request": "true"}).content.decode()


def answered(mail: Message, code: str, text: str) -> None:
    now = timezone.now()
    tried = {"number": 1, "mode": "basic", "settings_version": 1, "lease_expires_at": now, "finished_at": now}
    mail.attempts.create(**tried, outcome="refused", code=code, text=text)


def bare(html: str) -> str:
    """The words alone, as they are read."""
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.fixture
def settled(db: None) -> Settled:
    def make(state: str, *, seconds: float = 1.0, ago: timedelta = timedelta(0), **about: Any) -> Message:
        message, end = a_message(**about), timezone.now() - ago
        times = {"finished_at": end, "created_at": end - timedelta(seconds=seconds)}
        Message.objects.filter(pk=message.pk).update(state=state, **times)
        return message

    return make


def an_acceptance() -> None:
    attempt = begin_attempt(a_message(), mode="basic", settings_version=1, worker="w")
    assert attempt
    attempt.finish(attempt.Outcome.ACCEPTED)
    Message.objects.update(state="sent")


@pytest.fixture
def alive(db: None) -> None:
    use_smtp(host="mail.contoso.test", port=25)
    sweep()


@pytest.mark.usefixtures("alive")
class TestPulse:
    def test_says_that_mail_flows_and_by_whom(self, page: Client) -> None:
        an_acceptance()
        text = text_of(page)
        assert "<title>Mail is flowing · Dashboard" in text
        assert "By Basic SMTP, as Deployments &lt;sender@contoso.test&gt;." in text

    def test_held_says_why_what_to_do_and_has_the_button_that_tries(self, page: Client) -> None:
        MailServerState.load().hold(HoldReason.SIGN_IN, "535 5.7.8", "authentication <failed>")
        a_message()
        text = text_of(page)
        assert "Mail is held: the mail server rejected the sign-in" in text
        assert "535 5.7.8 authentication &lt;failed&gt;" in text
        assert "What to do:" in text
        assert f'action="{reverse("probes")}"' in text
        assert "1 mail waiting, none lost" in text

    def test_a_try_leads_back_to_the_dashboard(self, page: Client) -> None:
        MailServerState.load().hold(HoldReason.SIGN_IN, "535", "no")
        response = page.post(reverse("probes"), {"next": reverse("dashboard")})
        assert response["Location"] == reverse("dashboard")

    def test_a_missing_consent_is_mended_by_authenticate(self, page: Client) -> None:
        MailServerState.load().hold(HoldReason.RECONNECT, "", "invalid_grant")
        assert f'action="{reverse("oauth-consents")}"' in text_of(page)

    def test_a_viewer_sees_why_and_no_button_that_is_not_theirs(self, db: None) -> None:
        vic = Client()
        vic.force_login(viewer())
        MailServerState.load().hold(HoldReason.SIGN_IN, "535", "no")
        text = text_of(vic)
        assert "Mail is held" in text
        assert reverse("probes") not in text

    def test_paused_by_the_server_says_until_when(self, page: Client) -> None:
        MailServerState.load().pause(timedelta(minutes=5), "421 too busy")
        a_message()
        text = text_of(page)
        assert "Mail is waiting: the mail server closed for a moment" in text
        assert f'action="{reverse("probes")}"' in text
        assert "next try <time" in text

    def test_paused_by_somebody_is_not_called_flowing(self, page: Client) -> None:
        Safety.objects.create(paused=True)
        text = text_of(page)
        assert '<h2 id="alive-title">Notification mail is paused</h2>' in text
        assert 'id="to-safety"' in text
        assert '<p class="name">Notification mail is paused</p>' not in text

    def test_paused_by_somebody_is_said_once(self, page: Client) -> None:
        Safety.objects.create(paused=True)
        text = text_of(page)
        assert text.count("Notification mail is paused</") == 1
        assert text.count("Open Safety") == 1

    def test_a_fault_comes_before_what_people_stopped(self, page: Client) -> None:
        Safety.objects.create(paused=True)
        MailServerState.load().hold(HoldReason.SIGN_IN, "535", "no")
        text = text_of(page)
        assert '<h2 id="alive-title">Mail is held' in text
        assert "Notification mail is paused" in text

    @pytest.mark.parametrize("kind", ["worker", "queue", "consent"])
    def test_what_keeps_mail_from_going_is_not_called_flowing(self, page: Client, kind: str) -> None:
        if kind == "worker":
            MailServerState.objects.update(swept_at=timezone.now() - timedelta(minutes=5))
        elif kind == "queue":
            a_message()
            Message.objects.update(next_attempt_at=timezone.now() - timedelta(minutes=10))
        else:
            MailServerSettings.objects.update(active_mode="oauth2", **OAUTH2)
        text = text_of(page)
        assert '<section class="card alive" data-tone="failed"' in text
        assert "Ready to send" not in text.partition("alive-title")[2]

    def test_rerouted_mail_says_to_whom_once(self, page: Client) -> None:
        Safety.objects.create(reroute_to="lab@contoso.test")
        assert text_of(page).count("All mail goes to lab@contoso.test") == 1

    def test_not_set_up_leads_to_the_mail_server(self, page: Client) -> None:
        MailServerSettings.objects.all().delete()
        text = text_of(page)
        assert '<h2 id="alive-title">Mail server not set up</h2>' in text
        assert "Set up Mail Server" in text

    def test_what_waits_is_counted_with_the_age_of_the_oldest(self, page: Client) -> None:
        for minutes in (1, 90, 5):
            a_message(created_at=timezone.now() - timedelta(minutes=minutes))
        Message.objects.order_by("id").update(next_attempt_at=timezone.now())
        Message.objects.filter(pk=Message.objects.order_by("id")[1].pk).update(state="sending")
        text = bare(text_of(page))
        assert "Waiting 3 the oldest made 1 min ago" in text


@pytest.mark.usefixtures("alive")
class TestFigures:
    def test_today_counts_what_was_accepted_and_what_failed(self, page: Client, settled: Settled) -> None:
        for state in ("sent", "sent", "partly_sent", "failed"):
            settled(state, seconds=2)
        text = bare(text_of(page))
        assert "Sent today 3 1 failed , 1 in part" in text
        assert "Time to accept 2 s" in text.replace("2.0 s", "2 s")

    def test_each_day_is_a_column_and_a_row_of_the_table(self, page: Client, settled: Settled) -> None:
        settled("sent")
        text = text_of(page)
        assert text.count('<rect class="room"') == 28
        assert text.count('<th scope="row">') == 14

    def test_a_days_column_says_its_counts(self, page: Client, settled: Settled) -> None:
        for state in ("sent", "sent", "failed", "cancelled"):
            settled(state, ago=timedelta(days=3))
        day = timezone.localdate() - timedelta(days=3)
        assert f"<title>{day:%a} {day.day} {day:%b}: 2 sent, 1 cancelled, 1 failed</title>" in text_of(page)

    def test_the_figure_has_a_name_that_tells_what_it_shows(self, page: Client, settled: Settled) -> None:
        settled("failed")
        assert 'role="img" aria-label="Mails of each day. 1 mails in 14 days, 1 of them failed.' not in text_of(page)
        assert 'role="img" aria-label="Mails of each day. 1 mail in 14 days, 1 of them failed.' in text_of(page)

    def test_nothing_is_drawn_before_there_is_anything_to_draw(self, page: Client) -> None:
        assert "<svg class=" not in text_of(page).replace('<svg class="icon', "")

    def test_the_newest_five_completions_and_failures_are_listed(self, page: Client, settled: Settled) -> None:
        for number in range(7):
            a_completion(name=f"Deployment no {number}")
            settled("expired" if number % 2 else "failed", ago=timedelta(minutes=7 - number))
        text = text_of(page)
        assert re.findall(r"Deployment no \d", text) == [f"Deployment no {number}" for number in (6, 5, 4, 3, 2)]
        assert re.findall(r'id="failure-(\d+)"', text) == [
            str(pk) for pk in Message.objects.order_by("-id").values_list("pk", flat=True)[:5]
        ]

    def test_a_failure_says_why_even_where_no_server_answered(self, page: Client, settled: Settled) -> None:
        answered(settled("failed"), "", "Connection refused")
        answered(settled("failed"), "550 5.1.1", "User unknown")
        text = bare(text_of(page))
        assert "ops@peer.test · Connection refused" in text
        assert "ops@peer.test · 550 5.1.1 " in text

    def test_a_failed_test_is_no_failed_mail(self, page: Client, settled: Settled) -> None:
        settled("sent")
        settled("failed", kind=Message.Kind.TEST)
        text = bare(text_of(page))
        assert "none failed" in text
        assert "No mail failed." in text

    def test_a_completion_without_targets_says_so(self, page: Client) -> None:
        a_completion()
        assert "no targets named · no mail" in bare(text_of(page))

    def test_the_number_of_queries_does_not_grow_with_the_mails(
        self, page: Client, settled: Settled, count_queries: Callable[[str], int]
    ) -> None:
        def more() -> int:
            for state in ("sent", "failed", "failed", "partly_sent", "expired"):
                settled(state, completion=a_completion(), notification=a_notification())
            return count_queries(reverse("dashboard"))

        for _ in range(6):
            first = more()
        assert more() == first


@pytest.mark.usefixtures("alive")
class TestConcerns:
    def concerns(self, page: Client) -> str:
        return bare(text_of(page).partition('id="concerns-title"')[2].partition("</section>")[0])

    def test_there_is_no_such_part_while_all_is_well(
        self, page: Client, redis_url: str, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.CELERY_BROKER_URL = redis_url
        monkeypatch.setattr("notifications.delivery.hints.current_app.conf.broker_write_url", redis_url)
        assert "To look after" not in text_of(page)

    def test_a_silent_worker_is_told_first(self, page: Client) -> None:
        Safety.objects.create(paused=True)
        MailServerState.objects.update(swept_at=timezone.now() - timedelta(minutes=5))
        assert "No worker is at work" in self.concerns(page).partition("paused")[0]

    def test_a_broker_that_is_away_stops_nothing_and_is_told(
        self, page: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("notifications.delivery.hints.current_app.conf.broker_write_url", "redis://127.0.0.1:1/")
        assert "The broker cannot be reached" in self.concerns(page)

    def test_mail_that_waits_too_long_is_told(self, page: Client) -> None:
        a_message()
        Message.objects.update(next_attempt_at=timezone.now() - timedelta(minutes=10))
        assert "The oldest mail waits too long" in self.concerns(page)

    def test_a_client_secret_that_ends_is_told_in_graph_mode_alone(self, page: Client) -> None:
        soon = timezone.localdate() + timedelta(days=5)
        MailServerSettings.objects.update(graph_secret_expires=soon)
        assert "Renew the client secret" not in self.concerns(page)
        MailServerSettings.objects.update(active_mode="graph")
        assert f"The client secret expires in 5 days ({soon:%Y-%m-%d})" in self.concerns(page)

    def test_a_secret_that_is_good_for_long_is_no_concern(self, page: Client) -> None:
        MailServerSettings.objects.update(active_mode="graph", graph_secret_expires=date(2199, 1, 1))
        assert "Renew the client secret" not in text_of(page)

    def test_a_template_that_broke_is_told_with_its_error(self, page: Client) -> None:
        a_notification(name="Ops", template_error="line 3: no such variable <x>")
        text = self.concerns(page)
        assert "“Ops” cannot be written as designed" in text
        assert "line 3: no such variable &lt;x&gt;" in text

    def test_a_notification_whose_newest_mail_failed_is_told(self, page: Client, settled: Settled) -> None:
        settled("failed", notification=a_notification(name="Ops"))
        assert "The newest mail of “Ops” failed It was refused. What to do stands with the mail." in self.concerns(page)

    @pytest.mark.parametrize(
        ("state", "code", "text", "words"),
        [
            ("failed", "554 5.7.1", "Rejected", "It was refused (554 5.7.1)."),
            ("failed", "", "Connection refused", "It was refused (Connection refused)."),
            ("expired", "451 4.7.1", "Greylisted", "It was given up (451 4.7.1)."),
        ],
    )
    def test_its_concern_says_why_and_leads_to_that_mail(
        self, page: Client, settled: Settled, state: str, code: str, text: str, words: str
    ) -> None:
        mail = settled(state, notification=a_notification(name="Ops"))
        answered(mail, code, text)
        assert words in self.concerns(page)
        assert f'href="/deliveries/{mail.uuid}/">Open this mail' in text_of(page)

    def test_a_test_of_it_is_no_mail_of_it(self, page: Client, settled: Settled) -> None:
        ops = a_notification(name="Ops")
        settled("failed", notification=ops, kind=Message.Kind.TEST)
        assert "The newest mail of" not in text_of(page)

    def test_one_whose_newest_mail_got_through_is_not(self, page: Client, settled: Settled) -> None:
        ops = a_notification(name="Ops")
        settled("failed", notification=ops)
        settled("sent", notification=ops)
        assert "The newest mail of" not in text_of(page)

    def test_failures_of_last_week_are_no_concern_of_today(self, page: Client, settled: Settled) -> None:
        settled("failed", notification=a_notification(), ago=timedelta(days=7))
        assert "The newest mail of" not in text_of(page)

    def test_a_notification_that_is_off_is_nobodys_concern(self, page: Client, settled: Settled) -> None:
        settled("failed", notification=a_notification(enabled=False))
        assert "The newest mail of" not in text_of(page)

    def test_allowed_domains_are_named(self, page: Client) -> None:
        Safety.objects.create(allowed_domains=["contoso.test", "fabrikam.test"])
        assert "Only recipients at contoso.test or fabrikam.test get mail; the others are refused." in self.concerns(
            page
        )


class TestNextSteps:
    def ticked(self, page: Client) -> list[str]:
        return re.findall(r'data-step="(\w+)" data-tone="ok"', text_of(page))

    def test_a_fresh_install_has_everything_before_it(self, page: Client) -> None:
        text = text_of(page)
        assert self.ticked(page) == []
        assert "0 of 6" in text
        assert reverse("notification-new") in text

    def test_each_step_ticks_itself(self, page: Client, settled: Settled) -> None:
        use_smtp(host="mail.contoso.test", port=25)
        assert self.ticked(page) == ["server"]
        settled("sent", kind=Message.Kind.TEST)
        assert self.ticked(page) == ["server", "test"]
        a_notification()
        assert self.ticked(page)[2:] == ["notification"]
        ApiToken.issue("pdq")
        assert self.ticked(page)[3:] == ["token"]
        a_message(completion=a_completion())
        assert self.ticked(page)[4:] == ["completion"]
        operator()
        assert "What to do next" not in text_of(page)

    def test_a_report_that_came_to_no_mail_ticks_nothing_and_leads_to_why(self, page: Client) -> None:
        completion = a_completion()
        assert "completion" not in self.ticked(page)
        text = text_of(page)
        assert "Reported, but no notification matched." in text
        assert f'href="{reverse("completion", args=[completion.uuid])}#why">Why no mail?' in text

    def test_an_operator_sees_the_own_ones_and_whom_to_tell_of_the_others(self, ada: User, browser: Client) -> None:
        use_smtp(host="mail.contoso.test", port=25)
        text = text_of(browser)
        assert re.findall(r'data-step="(\w+)"', text) == ["test", "notification", "completion"]
        assert "0 of 3" in text
        assert "Tell an administrator: ada." in text

    def test_a_viewer_sees_whom_to_tell_alone(self, ada: User, db: None) -> None:
        vic = Client()
        vic.force_login(viewer())
        text = text_of(vic)
        assert "data-step" not in text
        assert "Set up Mail Server" not in text
        assert "Not set up completely yet" in text
        assert "Tell an administrator: ada." in text

    def test_a_test_that_failed_ticks_nothing(self, page: Client, settled: Settled) -> None:
        settled("failed", kind=Message.Kind.TEST)
        assert self.ticked(page) == []

    def test_the_built_in_inbox_is_not_yet_a_mail_server(self, page: Client, settings: Any) -> None:
        settings.CAPTURE_INBOX_PORT = 2525
        use_smtp(host="127.0.0.1", port=2525)
        text = text_of(page)
        assert self.ticked(page) == []
        assert "into the built-in inbox: nothing leaves this machine" in text

    def test_what_is_left_once_mail_can_be_told_stands_last(self, page: Client) -> None:
        use_smtp(host="mail.contoso.test", port=25)
        a_notification()
        assert text_of(page).index("What to do next") > text_of(page).index("alive-title")
        a_message(completion=a_completion())
        text = text_of(page)
        assert text.index("What to do next") > text.index("Recent completions")


@pytest.mark.usefixtures("alive")
class TestPolls:
    def test_get_the_changing_part_the_title_and_the_bar(self, page: Client) -> None:
        news = news_of(page, "ok")
        assert news.startswith("<title>Ready to send · Dashboard · mailadmin</title>")
        assert 'id="dashboard"' in news
        assert 'id="mail-state" hx-swap-oob="true"' in news
        assert "<html" not in news

    def test_announce_another_state_once(self, page: Client) -> None:
        MailServerState.load().hold(HoldReason.SIGN_IN, "535", "no")
        news = news_of(page, "ok")
        assert 'id="announcement"' in news
        assert "?seen=held" in news
        assert 'id="announcement"' not in news_of(page, "held")

    def test_are_never_kept_by_a_cache(self, page: Client) -> None:
        response = page.get(reverse("dashboard"))
        assert "no-store" in response["Cache-Control"]
        assert "HX-Request" in response["Vary"]


def test_a_stranger_is_led_to_the_sign_in_and_then_here(db: None) -> None:
    response = Client().get("/", follow=True)
    assert response.redirect_chain[-1][0] == f"{reverse('sign-in')}?next={reverse('dashboard')}"


def test_a_provider_that_comes_back_to_the_bare_address_is_still_served(page: Client) -> None:
    response = page.get("/", {"state": "x", "code": "y"})
    assert response["Location"] == f"{reverse('oauth-callback')}?state=x&code=y"


def test_no_secret_is_on_the_page(page: Client) -> None:
    use_smtp(host="mail.contoso.test", port=25, user="ops", password="s3cret-of-the-server")
    assert "s3cret-of-the-server" not in text_of(page)
    assert not Notification.objects.exists()
