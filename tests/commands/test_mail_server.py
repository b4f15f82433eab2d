"""`manage.py mail_server status`."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from notifications.models import AppToken, HoldReason, MailServerSettings, MailServerState, Mode, OAuthGrant, Safety
from notifications.oauth.settings import graph_registration_of, registration_of
from tests.base import use_smtp
from tests.oauth.lab import use_oauth2

pytestmark = pytest.mark.django_db

PASSWORD, CLIENT_SECRET, TOKEN, CACHE = "the-password", "the-client-secret", "the-access-token", "the-refresh-token"


def status() -> str:
    out = StringIO()
    call_command("mail_server", "status", stdout=out)
    for secret in (PASSWORD, CLIENT_SECRET, TOKEN, CACHE):
        assert secret not in out.getvalue()
    return out.getvalue()


def connect(saved: MailServerSettings) -> OAuthGrant:
    grant = OAuthGrant.load()
    grant.connect(registration=registration_of(saved).fingerprint, account="a@contoso.test", scopes="s", by=None)
    grant.hold_tokens(access_token=TOKEN, cache=CACHE, expires_at=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC))
    grant.save()
    return grant


def test_of_a_fresh_panel() -> None:
    assert "state:     not set up" in status()


def test_of_basic_smtp_says_nothing_of_a_consent() -> None:
    use_smtp(host="mail.example.com", port=587, user="ops", password=PASSWORD)
    text = status()
    assert "mode:      basic (Basic SMTP)" in text
    assert "state:     ok" in text
    assert "version:   1, saved " in text
    assert "consent" not in text


def test_while_held_says_why() -> None:
    use_smtp(host="mail.example.com", port=587)
    MailServerState.load().hold(HoldReason.SIGN_IN, "535 5.7.8", "bad\ncredentials")
    assert "The mail server rejected the sign-in (535 5.7.8 bad credentials)" in status()


def test_while_paused_says_until_when() -> None:
    use_smtp(host="mail.example.com", port=587)
    MailServerState.load().pause(timedelta(minutes=1), "nobody answers")
    assert "waiting until " in status()


def test_what_people_stopped_is_told_apart() -> None:
    use_smtp(host="mail.example.com", port=587)
    Safety.objects.create(paused=True)
    assert "ok, but notification mail is paused under Reports > Safety" in status()


def test_of_oauth2_says_whose_consent_it_is_and_until_when() -> None:
    connect(use_oauth2(client_id="x", tenant_id="contoso.com", client_secret=CLIENT_SECRET))
    text = status()
    assert "mode:      oauth2 (OAuth2)" in text
    assert "consent:   connected\n" in text
    assert "account:   a@contoso.test" in text
    assert "token:     good until 2030-01-02 03:04:05 UTC" in text


def test_of_oauth2_says_that_somebody_has_to_reconnect() -> None:
    grant = connect(use_oauth2(client_id="x", tenant_id="contoso.com"))
    grant.state, grant.reason = OAuthGrant.State.RECONNECT_NEEDED, "invalid_grant: gone"
    grant.save()
    assert "consent:   reconnect needed: invalid_grant: gone" in status()


def test_of_oauth2_before_anybody_authenticated() -> None:
    use_oauth2(client_id="x", tenant_id="contoso.com")
    assert "consent:   not connected\n" in status()
    assert "account" not in status()


def use_graph(**columns: Any) -> MailServerSettings:
    saved = MailServerSettings.load()
    values = {
        "client_id": "the-app",
        "tenant_id": "contoso.com",
        "client_secret": CLIENT_SECRET,
        "sender": "a@contoso.com",
    }
    named = {f"graph_{name}": value for name, value in (values | columns).items()}
    saved.save_version({"active_mode": Mode.GRAPH, **named}, seen=saved.version)
    return saved


def hold_token(saved: MailServerSettings, **columns: Any) -> None:
    AppToken(
        registration=graph_registration_of(saved).fingerprint,
        access_token=TOKEN,
        fetched_at=datetime(2030, 1, 2, 2, 4, 5, tzinfo=UTC),
        expires_at=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
        **columns,
    ).save()


class TestOfGraph:
    def test_says_which_app_it_is_in_which_cloud(self) -> None:
        use_graph(cloud="gcc-high")
        text = status()
        assert "mode:      graph (Microsoft Graph)" in text
        assert "cloud:     gcc-high: US Government GCC High (graph.microsoft.us)" in text
        assert "app:       the-app in contoso.com" in text

    def test_says_what_its_token_allows(self) -> None:
        hold_token(use_graph(), roles="Mail.Send", may_draft=False)
        text = status()
        assert "app token: good until 2030-01-02 03:04:05 UTC, fetched 2030-01-02 02:04:05 UTC\n" in text
        assert "may:       Mail.Send is in the token" in text
        assert "may:       Mail.ReadWrite is not in the token" in text
        assert "may:       User.Read is not needed" in text
        assert "way:       Mails go by sendMail: a mail" in text

    def test_before_the_first_token(self) -> None:
        use_graph()
        text = status()
        assert "app token: none yet\n" in text
        assert "way:       Not known yet: the next mail tries a draft first.\n" in text
        assert "may:" not in text

    def test_says_why_there_is_no_token(self) -> None:
        AppToken(registration=graph_registration_of(use_graph()).fingerprint, reason="invalid_client: gone").save()
        assert "app token: none yet: invalid_client: gone" in status()

    def test_says_why_there_is_no_newer_token(self) -> None:
        hold_token(use_graph(), reason="Microsoft's sign-in service did not answer")
        assert "UTC; since then: Microsoft's sign-in service did not answer" in status()

    @pytest.mark.parametrize(
        ("days", "words"),
        [
            (None, "secret:    saved; nobody said when it expires"),
            (100, "secret:    expires "),
            (100, ", in 100 days\n"),
            (7, "secret:    The client secret expires in 7 days"),
            (-1, "secret:    The client secret expired yesterday"),
        ],
    )
    def test_says_how_long_the_secret_is_good(self, days: int | None, words: str) -> None:
        use_graph(secret_expires=None if days is None else timezone.localdate() + timedelta(days=days))
        assert words in status()

    def test_says_that_the_secret_cannot_be_read(self) -> None:
        use_graph()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE notifications_mailserversettings SET graph_client_secret = %s", [b"garbage"])
        assert "secret:    cannot be read with the present FERNET_KEYS" in status()

    def test_says_that_the_cloud_is_gone(self) -> None:
        use_graph(cloud="microsoft.gone")
        assert "cloud:     microsoft.gone: The cloud microsoft.gone is not known any more" in status()
