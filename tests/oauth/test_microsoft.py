"""OAuth2 mode with a certified provider at Microsoft's paths, and mail servers that ask it about each token."""

import json
import multiprocessing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from notifications.delivery.keep_alive import keep_consent_alive
from notifications.delivery.sender import send_due
from notifications.models import Attempt, HoldReason, MailServerState, Message, OAuthGrant
from notifications.oauth.errors import OAuthFailure, Remedy
from notifications.oauth.settings import registration_of
from notifications.oauth.tokens import access_token
from tests.base import a_message
from tests.oauth.lab import ACCOUNT, authenticate, let_expire, use_microsoft
from tests.peers.identity import IdentityPeer
from tests.peers.mail import MailPeer
from tests.smtp_sink import RawServer

pytestmark = pytest.mark.django_db

WORKER = "test:1"


@pytest.fixture
def lab(identity_peer: IdentityPeer, oauth_mail_peer: MailPeer, tmp_path: Path, settings: Any) -> Any:
    def use(**columns: Any) -> Any:
        return use_microsoft(identity_peer, oauth_mail_peer, tmp_path, settings, **columns)

    return use


class TestAConsent:
    @pytest.mark.parametrize(
        ("client", "secret", "redirect"),
        [
            ("ms-public", "", "http://localhost:63766/"),
            ("ms-conf", "ms-conf-secret", "https://app.example.test/mail/oauth/callback"),
        ],
    )
    def test_lets_mail_out(
        self, lab: Any, identity_peer: IdentityPeer, oauth_mail_peer: MailPeer, client: str, secret: str, redirect: str
    ) -> None:
        server = lab(client_id=client, client_secret=secret, redirect_uri=redirect)
        grant = authenticate(server, identity_peer)
        assert (grant.account, grant.state) == (ACCOUNT, OAuthGrant.State.CONNECTED)
        message = a_message()
        send_due()
        assert Message.objects.get(pk=message.pk).state == Message.State.SENT, message.attempts.get().transcript
        (mail,) = oauth_mail_peer.wait_for(1)
        assert mail["From"] == f"Deployments <{ACCOUNT}>"

    def test_of_somebody_else_is_refused_and_changes_nothing(self, lab: Any, identity_peer: IdentityPeer) -> None:
        server = lab()
        before = authenticate(server, identity_peer)
        with pytest.raises(
            OAuthFailure, match="other@contoso.test signed in, but the settings say sender@contoso.test"
        ):
            authenticate(server, identity_peer, "other@contoso.test")
        assert OAuthGrant.load().consent == before.consent


class TestAWithdrawnConsent:
    def test_holds_the_queue_until_somebody_authenticates(
        self, lab: Any, identity_peer: IdentityPeer, oauth_mail_peer: MailPeer
    ) -> None:
        server = lab()
        authenticate(server, identity_peer)
        identity_peer.revoke(ACCOUNT)
        let_expire()
        messages = [a_message() for _ in range(50)]
        send_due()
        assert OAuthGrant.load().state == OAuthGrant.State.RECONNECT_NEEDED
        assert MailServerState.load().held_reason == HoldReason.RECONNECT
        assert {Message.objects.get(pk=message.pk).state for message in messages} == {"queued"}
        assert [attempt.outcome for attempt in Attempt.objects.all()] == [Attempt.Outcome.CONFIGURATION]
        authenticate(server, identity_peer)
        send_due()
        assert len(oauth_mail_peer.wait_for(50)) == 50
        assert not MailServerState.load().is_held

    def test_is_no_reason_to_ask_again_and_again(self, lab: Any, identity_peer: IdentityPeer) -> None:
        server = lab()
        authenticate(server, identity_peer)
        identity_peer.revoke(ACCOUNT)
        let_expire()
        for _ in range(5):
            a_message()
            MailServerState.objects.update(next_probe_at=None)
            send_due()
        assert len(identity_peer.refreshes()) == 1


class TestARefusedToken:
    def test_is_refreshed_once_and_the_mail_goes(
        self, lab: Any, identity_peer: IdentityPeer, oauth_mail_peer: MailPeer
    ) -> None:
        authenticate(lab(), identity_peer)
        OAuthGrant.objects.update(access_token="not a token any more")
        message = a_message()
        send_due()
        assert identity_peer.refreshes() == [200]
        assert "refreshing it" in message.attempts.get().transcript
        assert len(oauth_mail_peer.wait_for(1)) == 1

    def test_of_another_user_holds_the_queue(self, lab: Any, identity_peer: IdentityPeer) -> None:
        server = lab()
        authenticate(server, identity_peer)
        server.save_version({"oauth2_sign_in_as": "other@contoso.test"}, seen=server.version)
        message = a_message()
        send_due()
        assert MailServerState.load().held_reason == HoldReason.SIGN_IN
        assert message.attempts.get().code.startswith("535")
        assert len(identity_peer.refreshes()) == 1


class TestTheWaysIn:
    @pytest.mark.parametrize("door", ["starttls", "tls", "dovecot_starttls", "dovecot_tls"])
    def test_of_postfix_and_dovecot_take_the_token(
        self, lab: Any, identity_peer: IdentityPeer, oauth_mail_peer: MailPeer, door: str
    ) -> None:
        security = "starttls" if door.endswith("starttls") else "tls"
        authenticate(lab(port=getattr(oauth_mail_peer, door), security=security), identity_peer)
        message = a_message()
        send_due()
        assert Message.objects.get(pk=message.pk).state == Message.State.SENT, message.attempts.get().transcript


class TestAShortOrWrongAnswer:
    def test_without_the_scope_names_it(self, lab: Any, identity_peer: IdentityPeer) -> None:
        identity_peer.set(withheld=["https://outlook.office.com/SMTP.Send"])
        with pytest.raises(OAuthFailure) as caught:
            authenticate(lab(), identity_peer)
        assert caught.value.remedy in (Remedy.SETTINGS, Remedy.RECONNECT)
        assert OAuthGrant.load().state == OAuthGrant.State.NONE

    @pytest.mark.parametrize(
        ("error", "remedy"),
        [
            ("invalid_grant", Remedy.RECONNECT),
            ("interaction_required", Remedy.RECONNECT),
            ("consent_required", Remedy.RECONNECT),
            ("invalid_client", Remedy.SETTINGS),
            ("unauthorized_client", Remedy.SETTINGS),
            ("invalid_scope", Remedy.SETTINGS),
            ("temporarily_unavailable", Remedy.WAIT),
        ],
    )
    def test_of_a_refresh_is_told_apart_by_its_oauth_error(
        self, lab: Any, identity_peer: IdentityPeer, error: str, remedy: Remedy
    ) -> None:
        server = lab()
        authenticate(server, identity_peer)
        identity_peer.next_answers((400, json.dumps({"error": error, "error_description": "AADSTS0: words"})))
        let_expire()
        with pytest.raises(OAuthFailure) as caught:
            access_token(registration_of(server))
        assert caught.value.remedy is remedy
        assert "words" in caught.value.text

    def test_is_not_replayed_from_memory_once_it_is_mended(self, lab: Any, identity_peer: IdentityPeer) -> None:
        server = lab()
        authenticate(server, identity_peer)
        identity_peer.next_answers((400, '{"error": "invalid_client"}'))
        let_expire()
        with pytest.raises(OAuthFailure):
            access_token(registration_of(server))
        OAuthGrant.objects.update(retry_at=None)
        assert access_token(registration_of(server))


class TestNonsenseFromTheTokenEndpoint:
    @pytest.mark.parametrize(
        ("status", "body"),
        [
            (200, "<html>sign in</html>"),
            (200, "[]"),
            (200, "null"),
            (200, "{}"),
            (200, '{"access_token": ""}'),
            (200, "x" * 2_000_000),
            (429, "slow down"),
            (500, "{}"),
            (503, "<html>busy</html>"),
        ],
    )
    def test_does_no_harm(self, lab: Any, identity_peer: IdentityPeer, status: int, body: str) -> None:
        authenticate(lab(), identity_peer)
        cache = OAuthGrant.load().cache
        identity_peer.next_answers((status, body))
        let_expire()
        message = a_message()
        send_due()
        assert OAuthGrant.load().cache == cache
        assert OAuthGrant.load().state == OAuthGrant.State.CONNECTED
        assert not MailServerState.load().is_held
        assert "inside mailadmin" not in message.attempts.get().text
        assert Message.objects.get(pk=message.pk).state == Message.State.QUEUED

    def test_a_redirect_is_not_followed(self, lab: Any, identity_peer: IdentityPeer) -> None:
        authenticate(lab(), identity_peer)
        with RawServer({}) as elsewhere:
            identity_peer.next_answers((307, "", {"Location": f"https://127.0.0.1:{elsewhere.port}/token"}))
            let_expire()
            a_message()
            send_due()
            assert elsewhere.commands == []
        assert not MailServerState.load().is_held


class TestKeepingAlive:
    def test_refreshes_before_the_token_ends_and_not_sooner(self, lab: Any, identity_peer: IdentityPeer) -> None:
        authenticate(lab(), identity_peer)
        keep_consent_alive()
        assert identity_peer.refreshes() == []
        now = timezone.now()
        OAuthGrant.objects.update(refreshed_at=now - timedelta(minutes=56), expires_at=now + timedelta(minutes=4))
        keep_consent_alive()
        assert identity_peer.refreshes() == [200]

    def test_tells_that_nobody_has_consented_before_a_mail_finds_out(self, lab: Any) -> None:
        lab()
        keep_consent_alive()
        state = MailServerState.load()
        assert state.held_reason == HoldReason.RECONNECT
        assert "Authenticate" in state.held_text

    def test_leaves_another_active_mode_alone(self, lab: Any, identity_peer: IdentityPeer) -> None:
        server = lab()
        authenticate(server, identity_peer)
        server.save_version({"active_mode": "basic", "basic_host": "mail.contoso.test"}, seen=server.version)
        identity_peer.revoke(ACCOUNT)
        let_expire()
        keep_consent_alive()
        assert not MailServerState.load().is_held
        assert OAuthGrant.load().state == OAuthGrant.State.RECONNECT_NEEDED

    def test_notices_a_withdrawn_consent_while_nothing_is_sent(self, lab: Any, identity_peer: IdentityPeer) -> None:
        authenticate(lab(), identity_peer)
        identity_peer.revoke(ACCOUNT)
        let_expire()
        keep_consent_alive()
        assert MailServerState.load().held_reason == HoldReason.RECONNECT


@pytest.mark.django_db(transaction=True)
def test_sixteen_processes_with_an_expired_token_make_one_call(lab: Any, identity_peer: IdentityPeer) -> None:
    server = lab()
    authenticate(server, identity_peer)
    before = OAuthGrant.load().access_token
    let_expire()
    registration = registration_of(server)
    connections.close_all()
    with multiprocessing.get_context("fork").Pool(16) as pool:
        tokens = pool.map(access_token, [registration] * 16, chunksize=1)
    assert identity_peer.refreshes() == [200]
    assert len(set(tokens)) == 1
    assert tokens[0] != before
    let_expire()
    assert access_token(registration)
    assert identity_peer.refreshes() == [200, 200]
