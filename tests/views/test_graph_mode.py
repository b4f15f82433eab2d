"""The third mode on the Mail Server page, its test email, and the warning of its secret's last day."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifications.delivery.sender import send_due
from notifications.forms.graph import initial_of
from notifications.models import HoldReason, MailServerSettings, MailServerState, Message, Mode
from tests.graph.lab import SENDER, use_stand_in
from tests.graph_stand_in import GraphStandIn

PAGE = f"{reverse('mail-server')}?mode=graph"
BANNER = "Renew the client secret of Microsoft Graph"


@pytest.fixture
def saved(db: None, graph: GraphStandIn, tmp_path: Path, settings: Any) -> MailServerSettings:
    return use_stand_in(graph, tmp_path, settings)


def text_of(page: Client, url: str = PAGE) -> str:
    return str(page.get(url).content.decode())


def post(page: Client, name: str, **changes: Any) -> Any:
    """What stands on the form, as a browser posts it."""
    saved = MailServerSettings.load()
    shown = {name: value for name, value in initial_of(saved).items() if value is not False}
    values = {**shown, "save_to_sent_items": "on", "mode": "graph", "version": saved.version, **changes}
    return page.post(reverse(name), {name: value for name, value in values.items() if value is not None})


def send_test(page: Client, **changes: Any) -> str:
    response = post(page, "test-emails", test_to="me@peer.test", **changes)
    send_due()
    return text_of(page, response["Location"])


def expire_in(days: int, **columns: Any) -> None:
    day = timezone.localdate() + timedelta(days=days)
    MailServerSettings.objects.update(graph_secret_expires=day, **columns)


class TestForm:
    def test_shows_what_is_saved_and_no_secret(self, page: Client, saved: MailServerSettings) -> None:
        text = text_of(page)
        assert f'value="{saved.graph_client_id}"' in text
        assert "A secret is saved" in text
        assert "Remove the saved" not in text
        assert saved.graph_client_secret not in text

    def test_saves_the_next_version(self, page: Client, saved: MailServerSettings) -> None:
        response = post(page, "mail-server-graph", secret_expires="2027-05-01", save_to_sent_items=None)
        stored = MailServerSettings.load()
        assert response["Location"] == reverse("mail-server")
        assert (stored.version, str(stored.graph_secret_expires)) == (saved.version + 1, "2027-05-01")
        assert (stored.graph_save_to_sent_items, stored.graph_client_secret) == (False, saved.graph_client_secret)

    def test_with_an_error_keeps_what_was_typed_and_takes_the_focus(
        self, page: Client, saved: MailServerSettings
    ) -> None:
        response = post(page, "mail-server-graph", tenant_id="common", client_secret="typed~secret")
        text = response.content.decode()
        assert response.status_code == 422
        assert 'value="common"' in text
        assert 'class="error-summary" role="alert" tabindex="-1" data-focus autofocus' in text
        assert "typed~secret" not in text

    def test_a_conflict_shows_no_difference_where_there_is_none(self, page: Client, saved: MailServerSettings) -> None:
        response = post(page, "mail-server-graph", version=saved.version - 1)
        assert response.status_code == 409
        assert "Both say the same" in response.content.decode()

    def test_can_be_made_active(self, page: Client, saved: MailServerSettings) -> None:
        MailServerSettings.objects.update(active_mode=Mode.BASIC)
        assert "Make Microsoft Graph the active mode?" in text_of(page, f"{reverse('active-mode')}?mode=graph")
        page.post(reverse("active-mode"), {"mode": "graph", "version": saved.version})
        assert MailServerSettings.load().active_mode == Mode.GRAPH


class TestTestEmail:
    def test_is_accepted_by_microsoft(self, page: Client, saved: MailServerSettings, graph: GraphStandIn) -> None:
        text = send_test(page)
        for step in ("signed in as the app", "draft made", "accepted by Microsoft (202)"):
            assert step in text
        assert [mail.recipients for mail in graph.deliveries] == [("me@peer.test",)]

    def test_of_values_that_are_not_saved(self, page: Client, saved: MailServerSettings, graph: GraphStandIn) -> None:
        MailServerSettings.objects.update(active_mode=Mode.BASIC, graph_client_secret="old")
        day = timezone.localdate() + timedelta(days=400)
        text = send_test(page, client_secret=graph.client_secret, secret_expires=str(day))
        assert "accepted by Microsoft" in text
        assert graph.deliveries[0].mailbox == SENDER
        assert MailServerSettings.load().graph_client_secret == "old"

    def test_that_fails_is_explained_and_holds_nothing(self, page: Client, saved: MailServerSettings) -> None:
        text = send_test(page, client_secret="wrong")
        assert "The client secret is wrong" in text
        assert Message.objects.get().state == Message.State.FAILED
        assert not MailServerState.load().is_held


class TestSecretExpiry:
    @pytest.mark.parametrize(
        ("days", "words"),
        [
            (30, "expires in 30 days"),
            (7, "expires in 7 days"),
            (1, "expires tomorrow"),
            (0, "expires today"),
            (-2, "expired 2 days ago"),
        ],
    )
    def test_is_warned_of_on_the_card_and_on_every_page(
        self, page: Client, saved: MailServerSettings, days: int, words: str
    ) -> None:
        expire_in(days)
        assert words in text_of(page)
        assert "Active · renew the secret" in text_of(page)
        elsewhere = text_of(page, reverse("deliveries"))
        assert BANNER in elsewhere
        assert words in elsewhere
        assert f"{reverse('guide', args=['microsoft-graph'])}#new-secret" in elsewhere

    def test_is_said_once_on_its_own_page(self, page: Client, saved: MailServerSettings) -> None:
        expire_in(7)
        assert text_of(page).count("expires in 7 days") == 1

    @pytest.mark.parametrize("days", [31, 400])
    def test_is_nobodys_business_before(self, page: Client, saved: MailServerSettings, days: int) -> None:
        expire_in(days)
        assert BANNER not in text_of(page, reverse("deliveries"))
        assert "Active · ok" in text_of(page)

    def test_of_a_mode_on_standby_stays_on_its_card(self, page: Client, saved: MailServerSettings) -> None:
        expire_in(7, active_mode=Mode.BASIC, basic_host="localhost", basic_sender="a@b.example")
        assert BANNER not in text_of(page, reverse("deliveries"))
        assert "Standby · renew the secret" in text_of(page)

    def test_gives_way_to_what_stops_mail(self, page: Client, saved: MailServerSettings) -> None:
        expire_in(7)
        MailServerState.load().hold(HoldReason.SIGN_IN, "", "invalid_client: AADSTS7000222")
        text = text_of(page, reverse("deliveries"))
        assert "Mail is held" in text
        assert BANNER not in text

    def test_turns_nothing_red(self, page: Client, saved: MailServerSettings) -> None:
        expire_in(-1)
        assert page.get(reverse("readyz")).json()["mail_server"]["ok"] is True
