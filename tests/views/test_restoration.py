"""After a restore: what every page says, and the page where an administrator decides."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from notifications.delivery.restore_check import hold
from notifications.models import DigestEntry, Message, Restoration
from tests.base import a_completion, a_message, a_notification, use_smtp, viewer

PAGE, DECISION = "/restoration/", "/restoration/decision/"
WHY = "this database was restored from a backup"


@pytest.fixture(autouse=True)
def restored(db: None) -> None:
    use_smtp(host="127.0.0.1", port=1)
    message = a_message()
    Message.objects.filter(pk=message.pk).update(created_at=timezone.now() - timedelta(hours=30))
    a_message()
    hold(Restoration.Sign.COMMAND)


def text_of(client: Client, address: str) -> str:
    return client.get(address).content.decode()


@pytest.mark.parametrize("address", ["/deliveries/", "/notifications/", "/mail-server/", "/audit/", "/safety/"])
def test_every_page_says_what_and_why_and_leads_to_the_decision(page: Client, address: str) -> None:
    text = text_of(page, address)
    assert f"Email is on hold: {WHY}" in text
    assert "may have been sent already" in text
    assert f'id="banner-restoration" href="{PAGE}"' in text
    assert "Decide what to send" in text
    assert text.count('class="banner"') == 1


def test_the_dashboard_says_it_too(page: Client) -> None:
    text = text_of(page, "/dashboard/")
    assert f"Email is on hold: {WHY}" in text
    assert f'id="to-restoration" href="{PAGE}"' in text
    assert "Open Mail Server" not in text.partition("vitals")[0]
    assert "The oldest mail waits too long" not in text


def test_comes_before_a_mail_server_that_is_not_set_up(page: Client) -> None:
    use_smtp(host="", port=None)
    assert f"Email is on hold: {WHY}" in text_of(page, "/deliveries/")


def test_others_see_who_decides(browser: Client, page: Client) -> None:
    text = text_of(browser, PAGE)
    assert "Only administrators decide what is sent." in text
    assert DECISION not in text
    assert browser.get(DECISION).status_code == browser.post(DECISION).status_code == 403
    assert "Tell an administrator: ada" in text_of(browser, "/deliveries/")


def test_the_page_has_the_numbers(page: Client) -> None:
    a_message(completion=a_completion(finished_at=timezone.now() - timedelta(days=2)))
    a_message(completion=a_completion(finished_at=timezone.now() + timedelta(minutes=1)))
    text = " ".join(text_of(page, PAGE).split())
    assert "manage.py restore put a backup in place" in text
    assert "<dt>Waiting in the backup</dt><dd>2 emails</dd>" in text
    assert "<dd>1 email about jobs that finished before the restore" in text
    assert "<dd>1 email, sent in any case" in text


class TestDecision:
    def test_is_asked_with_its_numbers_first(self, page: Client) -> None:
        text = text_of(page, f"{DECISION}?choice=younger&hours=24")
        assert "Send 1, discard 1?" in text
        assert "You chose: Send those up to 24 hours old." in text
        assert Restoration.load().is_pending

    def test_is_done_by_the_answer(self, page: Client) -> None:
        response = page.post(DECISION, {"choice": "younger", "hours": "24"}, follow=True)
        assert "1 will be sent and 1 were discarded" in response.content.decode()
        assert not Restoration.load().is_pending
        assert sorted(Message.objects.values_list("state", flat=True)) == ["cancelled", "queued"]

    @pytest.mark.parametrize("choice", ["send", "discard"])
    def test_needs_no_age_for_all(self, page: Client, choice: str) -> None:
        assert "2 emails?" in text_of(page, f"{DECISION}?choice={choice}&hours=")
        page.post(DECISION, {"choice": choice})
        state = {"send": "queued", "discard": "cancelled"}[choice]
        assert set(Message.objects.values_list("state", flat=True)) == {state}

    @pytest.mark.parametrize(
        "query", ["", "choice=all", "choice=younger", "choice=younger&hours=0", "choice=younger&hours=x", "hours=5"]
    )
    def test_that_is_none_is_refused(self, page: Client, query: str) -> None:
        response = page.get(f"{DECISION}?{query}")
        assert response.status_code == 422
        assert Restoration.load().is_pending

    def test_a_second_time_says_so(self, page: Client) -> None:
        page.post(DECISION, {"choice": "send"})
        response = page.post(DECISION, {"choice": "discard"}, follow=True)
        assert "There is nothing to decide" in response.content.decode()
        assert set(Message.objects.values_list("state", flat=True)) == {"queued"}
        assert "There is nothing to decide" in page.get(PAGE, follow=True).content.decode()

    def test_includes_digests_that_were_due_and_not_yet_composed(self, page: Client) -> None:
        due = timezone.now() - timedelta(hours=3)
        entry = DigestEntry(notification=a_notification(), completion=a_completion(), due_at=due)
        entry.reason = DigestEntry.Reason.DIGEST
        entry.save()
        page.post(DECISION, {"choice": "discard"})
        assert Message.objects.get(kind="digest").state == "cancelled"


class TestElsewhere:
    def test_a_monitor_is_told(self, client: Client) -> None:
        response = client.get("/readyz")
        assert response.status_code == 503
        assert response.json()["queue"] == {
            "ok": False,
            "text": f"on hold: {WHY}",
            "restored": True,
            "oldest_due_seconds": response.json()["queue"]["oldest_due_seconds"],
        }

    def test_system_health_leads_to_the_decision(self, page: Client) -> None:
        text = text_of(page, "/health/")
        assert f"On hold: {WHY}" in text
        assert f'href="{PAGE}">Open Restored backup' in text

    def test_an_email_says_why_it_waits(self, page: Client) -> None:
        message = Message.objects.order_by("id").first()
        assert message
        assert "On hold: this database was restored" in text_of(page, f"/deliveries/{message.uuid}/")
        page.post(f"/deliveries/{message.uuid}/retry/")
        assert "once an administrator has decided" in text_of(page, f"/deliveries/{message.uuid}/")

    def test_try_again_says_that_nothing_tries(self, page: Client) -> None:
        response = page.post("/mail-server/probes/", {"next": "/deliveries/"}, follow=True)
        assert "on hold after a restore until an administrator decides" in response.content.decode()

    def test_the_command_line_is_told(self, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("mail_server", "status")
        assert "restored from a backup, an administrator has to decide" in capsys.readouterr().out

    def test_a_viewer_sees_it(self, client: Client) -> None:
        client.force_login(viewer())
        assert "Waiting in the backup" in text_of(client, PAGE)
