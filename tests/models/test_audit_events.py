"""Every door through which something changes writes down who did it."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from notifications.configuration.load import load
from notifications.models import (
    ApiToken,
    AuditEvent,
    DigestEntry,
    HoldReason,
    MailServerState,
    Message,
    Notification,
    Scope,
)
from notifications.models.audit_chain import Chain
from tests.base import a_completion, a_message, a_notification, administrator, operator, use_smtp
from tests.views.test_notifications import FORM

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Client:
    browser = Client(REMOTE_ADDR="192.0.2.7")
    browser.force_login(administrator())
    return browser


def notification_form(**values: str) -> dict[str, str]:
    return FORM | values


def told() -> list[tuple[str, str, list[str]]]:
    """Oldest first, and all of it sealed."""
    assert Chain().check() is None
    return [(event.action, event.subject, event.fields) for event in AuditEvent.objects.order_by("pk")]


def last() -> AuditEvent:
    event = AuditEvent.objects.first()
    assert event
    return event


class TestNotifications:
    def test_a_new_one(self, ada: Client) -> None:
        assert ada.post("/notifications/new/", notification_form(name="Rule")).status_code == 302
        assert told() == [("notification_added", "Rule", [])]
        assert (last().actor_name, last().origin) == ("ada", "192.0.2.7")

    def test_a_changed_one_names_its_fields_and_no_value(self, ada: Client) -> None:
        ada.post("/notifications/new/", notification_form(name="Rule"))
        rule = Notification.objects.get()
        ada.post(f"/notifications/{rule.pk}/", notification_form(name="Rule 2", package_glob="Fire*"))
        assert told()[1:] == [("notification_changed", "Rule 2", ["name", "package_glob"])]
        assert "Fire" not in str(AuditEvent.objects.values())

    def test_one_that_is_saved_as_it_was_is_no_event(self, ada: Client) -> None:
        ada.post("/notifications/new/", notification_form(name="Rule"))
        ada.post(f"/notifications/{Notification.objects.get().pk}/", notification_form(name="Rule"))
        assert len(told()) == 1

    def test_an_emptied_template_is_back_at_the_default(self, ada: Client) -> None:
        ada.post("/notifications/new/", notification_form(name="Rule", subject_template="{{ name }}!"))
        ada.post(f"/notifications/{Notification.objects.get().pk}/", notification_form(name="Rule"))
        assert told()[1:] == [("template_reset", "Rule", ["subject_template"])]

    def test_on_and_off_once_each(self, ada: Client) -> None:
        rule = a_notification(name="Rule")
        for word in ("disabled", "disabled", "enabled"):
            ada.post(f"/notifications/{rule.pk}/{word}/")
        assert told() == [("notification_disabled", "Rule", []), ("notification_enabled", "Rule", [])]

    def test_a_copy(self, ada: Client) -> None:
        ada.post(f"/notifications/{a_notification(name='Rule').pk}/copies/")
        assert told() == [("notification_added", "Rule (copy)", [])]

    def test_a_deleted_one_and_what_it_sent_early(self, ada: Client) -> None:
        rule = a_notification(name="Rule", digest="daily")
        DigestEntry.objects.create(
            notification=rule, completion=a_completion(), reason="digest", due_at="2030-01-01T00:00Z"
        )
        ada.post(f"/notifications/{rule.pk}/delete/")
        assert told() == [("digest_flushed", "Rule", []), ("notification_deleted", "Rule", [])]

    def test_over_the_api_the_token_did_it(self, client: Client) -> None:
        token, secret = ApiToken.issue("pdq", [Scope.MANAGE])
        headers = {"Authorization": f"Bearer {secret}"}
        body = {"name": "Rule", "to": ["ops@peer.test"]}
        made = client.post("/api/v1/notifications", body, content_type="application/json", headers=headers)
        client.delete(f"/api/v1/notifications/{made.json()['id']}", headers=headers)
        assert [action for action, _, _ in told()] == ["token_made", "notification_added", "notification_deleted"]
        assert (last().actor, last().actor_name) == (None, f"API token pdq ({token.prefix}…)")
        assert secret not in str(AuditEvent.objects.values())


class TestMails:
    def test_cancelled_tried_and_resent(self, ada: Client) -> None:
        message = a_message()
        for verb in ("retry", "cancellation", "resends"):
            ada.post(f"/deliveries/{message.uuid}/{verb}/")
        about = f"{message.uuid} 7-Zip failed"
        assert told() == [("mail_retried", about, []), ("mail_cancelled", about, []), ("mail_resent", about, [])]

    def test_what_came_too_late_is_no_event(self, ada: Client) -> None:
        message = a_message()
        message.cancel()
        for verb in ("retry", "cancellation"):
            ada.post(f"/deliveries/{message.uuid}/{verb}/")
        assert told() == []

    def test_a_test_email(self, ada: Client) -> None:
        use_smtp(host="127.0.0.1", port=25)
        form = {
            "mode": "basic",
            "server": "127.0.0.1:25",
            "security": "none",
            "sender": "a@x.test",
            "test_to": "b@x.test",
        }
        ada.post("/mail-server/test-emails/", form)
        assert Message.objects.get().kind == "test"
        assert told()[1:] == [("test_sent", "to b@x.test by Basic SMTP", [])]

    def test_a_probe(self, ada: Client) -> None:
        MailServerState.load().hold(HoldReason.SIGN_IN, "535", "no")
        a_message()
        ada.post("/mail-server/probes/")
        assert told() == [("probe", "The mail server rejected the sign-in", [])]


class TestConfigurationFile:
    TEXT = '[safety]\npaused = true\n[[notifications]]\nname = "Rule"\nto = ["ops@peer.test"]\n'

    def test_is_one_event_that_says_what_it_changed_after_those_changes(self, tmp_path: Path) -> None:
        load(self.TEXT, tmp_path)
        assert [action for action, _, _ in told()] == ["safety_changed", "notification_added", "configuration_loaded"]
        assert told()[-1][1:] == (
            "2 changes",
            ["Notification added: Rule", "Safety changed: notification mail is paused"],
        )

    def test_that_changes_nothing_is_no_event(self, tmp_path: Path) -> None:
        load(self.TEXT, tmp_path)
        load(self.TEXT, tmp_path)
        assert len(told()) == 3


class TestThePage:
    def test_calls_fields_as_their_forms_do(self, ada: Client) -> None:
        use_smtp(host="mail.test", port=25)
        html = ada.get("/audit/").content.decode()
        assert "Basic SMTP: Sender Email Address" in html
        assert "basic_sender" not in html

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("action=probe", ["b"]),
            ("who=AD", ["c"]),
            ("who=Nobody", ["b", "a"]),
            ("text=B", ["b"]),
            ("since=2000-01-01T00:00", ["c", "b", "a"]),
            ("until=2000-01-01T00:00", []),
            ("text=%25", []),
            ("action=&who=&text=&since=&until=", ["c", "b", "a"]),
        ],
    )
    def test_filters_by_who_what_and_when(self, ada: Client, query: str, found: list[str]) -> None:
        AuditEvent.record(AuditEvent.Action.TEST_SENT, "a")
        AuditEvent.record(AuditEvent.Action.PROBE, "b")
        AuditEvent.record(AuditEvent.Action.TEST_SENT, "c", by=User.objects.get())
        assert [event.subject for event, _ in ada.get(f"/audit/?{query}").context["rows"]] == found

    def test_says_whether_a_switch_is_on_or_off(self, ada: Client) -> None:
        ada.post("/safety/", {"paused": "on"})
        ada.post("/safety/", {"reroute_to": "lab@peer.test"})
        assert Chain().check() is None
        html = ada.get("/audit/").content.decode()
        assert "Pause all notification mail: on" in html
        assert "Pause all notification mail: off · Send everything to</span>" in html

    def test_says_when_exactly_and_in_which_zone(self, ada: Client) -> None:
        AuditEvent.record(AuditEvent.Action.PROBE)
        ada.cookies["time_zone"] = "Asia/Tokyo"
        words = f"{last().at.astimezone(ZoneInfo('Asia/Tokyo')):%Y-%m-%d %H:%M:%S} JST</time>"
        assert words in ada.get("/audit/").content.decode()

    def test_leads_to_a_mail_that_is_still_there(self, ada: Client) -> None:
        mail = a_message()
        ada.post(f"/deliveries/{mail.uuid}/cancellation/")
        link = f'<a href="/deliveries/{mail.uuid}/">7-Zip failed</a>'
        assert link in ada.get("/audit/").content.decode()
        mail.delete()
        html = ada.get("/audit/").content.decode()
        assert link not in html
        assert f"{mail.uuid}</span>" in html

    def test_takes_as_many_queries_for_thirty_mails_as_for_three(self, ada: Client) -> None:
        def more(count: int) -> int:
            for _ in range(count):
                ada.post(f"/deliveries/{a_message().uuid}/cancellation/")
            with CaptureQueriesContext(connection) as queries:
                ada.get("/audit/")
            return len(queries)

        more(1)  # makes the rows that exist once
        assert more(2) == more(27)

    @pytest.mark.parametrize("query", ["action=x", "who=%00", "since=yesterday", "text=" + "x" * 300])
    def test_says_what_cannot_be_read(self, ada: Client, query: str) -> None:
        AuditEvent.record(AuditEvent.Action.PROBE)
        page = ada.get(f"/audit/?{query}")
        assert "This filter cannot be used" in page.content.decode()
        assert page.context["rows"] == []

    def test_is_for_administrators(self, client: Client) -> None:
        client.force_login(operator())
        assert client.get("/audit/").status_code == client.get("/audit/csv/").status_code == 403
