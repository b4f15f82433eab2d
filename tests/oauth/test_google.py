"""OAuth2 mode with Google, as its documents describe it."""

from pathlib import Path
from typing import Any

import pytest

from notifications.delivery.sender import send_due
from notifications.models import HoldReason, MailServerSettings, MailServerState, Message, OAuthGrant
from notifications.oauth.errors import OAuthFailure
from notifications.oauth.google import Google
from notifications.oauth.settings import registration_of
from tests.base import a_message
from tests.google_stand_in import GoogleStandIn
from tests.oauth.lab import ACCOUNT, authenticate_at_google, let_expire, use_google
from tests.peers.mail import MailPeer

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(google: GoogleStandIn, google_mail_peer: MailPeer, tmp_path: Path, settings: Any) -> MailServerSettings:
    google.rules.account = ACCOUNT
    return use_google(google, google_mail_peer, tmp_path, settings)


def test_a_consent_lets_mail_out(server: MailServerSettings, google: GoogleStandIn, google_mail_peer: MailPeer) -> None:
    grant = authenticate_at_google(server, google)
    assert (grant.account, "https://mail.google.com/" in grant.scopes) == (ACCOUNT, True)
    message = a_message()
    send_due()
    assert Message.objects.get(pk=message.pk).state == Message.State.SENT, message.attempts.get().transcript
    assert len(google_mail_peer.wait_for(1)) == 1


def test_a_second_consent_brings_a_refresh_token_too(server: MailServerSettings, google: GoogleStandIn) -> None:
    authenticate_at_google(server, google)
    assert authenticate_at_google(server, google).state == OAuthGrant.State.CONNECTED


def test_the_refresh_token_outlives_a_refresh_that_brings_none(
    server: MailServerSettings, google: GoogleStandIn, google_mail_peer: MailPeer
) -> None:
    authenticate_at_google(server, google)
    for _ in range(2):
        let_expire()
        a_message()
        send_due()
    assert len(google_mail_peer.wait_for(2)) == 2
    assert google.refreshes() == [200, 200]


def test_without_a_refresh_token_the_old_consent_stays(server: MailServerSettings, google: GoogleStandIn) -> None:
    before = authenticate_at_google(server, google)
    google.rules.gives_refresh_tokens = False
    with pytest.raises(OAuthFailure, match="no refresh token"):
        authenticate_at_google(server, google)
    assert OAuthGrant.load().consent == before.consent


def test_an_unticked_box_is_named(server: MailServerSettings, google: GoogleStandIn) -> None:
    google.rules.withheld = {"https://mail.google.com/"}
    with pytest.raises(OAuthFailure, match=r"https://mail\.google\.com/ was not given"):
        authenticate_at_google(server, google)
    assert OAuthGrant.load().state == OAuthGrant.State.NONE


@pytest.mark.parametrize("changes", [{"nonce": "another"}, {"aud": "another-client"}, {"email": None}])
def test_an_id_token_that_is_not_ours_is_refused(
    server: MailServerSettings, google: GoogleStandIn, changes: dict[str, Any]
) -> None:
    google.rules.id_token_changes = changes
    with pytest.raises(OAuthFailure):
        authenticate_at_google(server, google)
    assert OAuthGrant.load().state == OAuthGrant.State.NONE


def test_a_withdrawn_consent_holds_the_queue_with_googles_words(
    server: MailServerSettings, google: GoogleStandIn
) -> None:
    authenticate_at_google(server, google)
    google.revoke(ACCOUNT)
    let_expire()
    message = a_message()
    send_due()
    state = MailServerState.load()
    assert state.held_reason == HoldReason.RECONNECT
    assert "expired or revoked" in state.held_text
    assert Message.objects.get(pk=message.pk).state == Message.State.QUEUED


def test_a_wrong_secret_is_a_matter_of_the_settings(server: MailServerSettings, google: GoogleStandIn) -> None:
    authenticate_at_google(server, google)
    server.save_version({"oauth2_client_secret": "wrong"}, seen=server.version)
    let_expire()
    a_message()
    send_due()
    assert MailServerState.load().held_reason == HoldReason.CONFIGURATION
    assert OAuthGrant.load().state == OAuthGrant.State.CONNECTED


def test_revoking_ends_the_consent_at_google(server: MailServerSettings, google: GoogleStandIn) -> None:
    authenticate_at_google(server, google)
    Google().revoke(registration_of(server), OAuthGrant.load().cache)
    let_expire()
    a_message()
    send_due()
    assert OAuthGrant.load().state == OAuthGrant.State.RECONNECT_NEEDED


class TestTheTokenEndpoint:
    @pytest.mark.parametrize("status", [429, 500, 503])
    def test_that_is_not_well_pauses_and_is_left_alone_for_a_minute(
        self, server: MailServerSettings, google: GoogleStandIn, status: int
    ) -> None:
        authenticate_at_google(server, google)
        let_expire()
        for _ in range(5):
            google.next_answer(status, "{}")
        for _ in range(5):
            a_message()
            MailServerState.objects.update(paused_until=None)
            send_due()
        assert google.refreshes() == [status]
        assert not MailServerState.load().is_held
        assert OAuthGrant.load().state == OAuthGrant.State.CONNECTED

    @pytest.mark.parametrize(
        ("status", "body", "headers"),
        [
            (200, "<html>sign in</html>", {"Content-Type": "text/html"}),
            (200, "[]", {}),
            (200, "null", {}),
            (200, "{}", {}),
            (200, '{"access_token": ""}', {}),
            (200, '{"access_token": "a", "expires_in": "soon"}', {}),
            (200, "x" * 10_000_000, {}),
            (307, "", {"Location": "https://evil.test/token"}),
        ],
    )
    def test_that_answers_nonsense_does_no_harm(
        self, server: MailServerSettings, google: GoogleStandIn, status: int, body: str, headers: dict[str, str]
    ) -> None:
        authenticate_at_google(server, google)
        cache = OAuthGrant.load().cache
        let_expire()
        google.next_answer(status, body, headers=headers)
        message = a_message()
        send_due()
        assert OAuthGrant.load().cache == cache
        assert "inside mailadmin" not in message.attempts.get().text
        assert Message.objects.get(pk=message.pk).state == Message.State.QUEUED

    @pytest.mark.parametrize("life", [0, -1, "3599", None, 10**12])
    def test_may_say_anything_about_the_tokens_life(
        self, server: MailServerSettings, google: GoogleStandIn, google_mail_peer: MailPeer, life: Any
    ) -> None:
        authenticate_at_google(server, google)
        let_expire()
        google.next_answer(changes={"expires_in": life})
        for _ in range(2):
            a_message()
            send_due()
        assert len(google_mail_peer.wait_for(2)) == 2
        assert google.refreshes() == [200]
