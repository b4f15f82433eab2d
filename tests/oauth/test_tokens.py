"""Token life: what a failed refresh means, for whom, and for how long."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from notifications.models import MailServerSettings, OAuthGrant
from notifications.oauth import tokens
from notifications.oauth.errors import OAuthFailure
from notifications.oauth.providers import CLOUDS
from notifications.oauth.registration import Registration
from notifications.oauth.settings import registration_of
from tests.google_stand_in import GoogleStandIn
from tests.oauth.lab import ACCOUNT, authenticate_at_google, let_expire, use_google
from tests.peers.mail import MailPeer

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(google: GoogleStandIn, google_mail_peer: MailPeer, tmp_path: Path, settings: Any) -> MailServerSettings:
    google.rules.account = ACCOUNT
    return use_google(google, google_mail_peer, tmp_path, settings)


def test_a_mended_secret_works_at_once(server: MailServerSettings, google: GoogleStandIn) -> None:
    authenticate_at_google(server, google)
    server.save_version({"oauth2_client_secret": "wrong"}, seen=server.version)
    let_expire()
    with pytest.raises(OAuthFailure, match="invalid_client"):
        tokens.access_token(registration_of(server))
    server.save_version({"oauth2_client_secret": "google-desktop-secret"}, seen=server.version)
    assert tokens.access_token(registration_of(server))


def test_the_failure_of_an_old_consent_says_nothing_about_a_new_one(
    server: MailServerSettings, google: GoogleStandIn
) -> None:
    old = authenticate_at_google(server, google)
    let_expire()
    old.refresh_from_db()
    assert old.take_lease(old.expires_at)
    google.revoke(ACCOUNT)
    new = authenticate_at_google(server, google)
    assert tokens.refresh(old, registration_of(server)) == ""
    assert OAuthGrant.load().state == OAuthGrant.State.CONNECTED
    assert tokens.access_token(registration_of(server)) == new.access_token


def test_nobody_waits_longer_for_another_worker_than_the_mail_may(
    server: MailServerSettings, google: GoogleStandIn
) -> None:
    authenticate_at_google(server, google)
    let_expire()
    grant = OAuthGrant.load()
    assert grant.take_lease(grant.expires_at)
    with pytest.raises(OAuthFailure, match="another worker"):
        tokens.access_token(registration_of(server), patience=0.3)


def test_a_json_429_is_a_busy_provider_and_not_a_wrong_setting(
    server: MailServerSettings, google: GoogleStandIn
) -> None:
    authenticate_at_google(server, google)
    let_expire()
    google.next_answer(429, '{"error": "rate_limit_exceeded"}')
    with pytest.raises(OAuthFailure) as caught:
        tokens.access_token(registration_of(server))
    assert caught.value.remedy.value == "wait"


def test_clouds_that_share_a_login_host_do_not_share_consents() -> None:
    found = {Registration(cloud, client_id="app", tenant_id="contoso.test").fingerprint for cloud in CLOUDS.values()}
    assert len(found) == len(CLOUDS)


def test_provider_is_called_again_only_when_its_pause_is_over() -> None:
    now = timezone.now()
    with pytest.raises(OAuthFailure):
        tokens.check_not_too_soon(OAuthGrant(retry_at=now + timedelta(minutes=1), reason="busy"))
    tokens.check_not_too_soon(OAuthGrant(retry_at=now - timedelta(seconds=1), reason="busy"))
    tokens.check_not_too_soon(OAuthGrant(retry_at=None))
