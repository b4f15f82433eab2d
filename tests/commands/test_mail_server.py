"""`manage.py mail_server status`."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from notifications.models import HoldReason, MailServerSettings, MailServerState, OAuthGrant
from notifications.oauth.settings import registration_of
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
    assert "The mail server refused the sign-in (535 5.7.8 bad credentials)" in status()


def test_while_paused_says_until_when() -> None:
    use_smtp(host="mail.example.com", port=587)
    MailServerState.load().pause(timezone.now() + timedelta(minutes=1), "nobody answers")
    assert "paused until " in status()


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
