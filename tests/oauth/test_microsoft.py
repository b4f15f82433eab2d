"""OAuth2 mode with a certified provider at Microsoft's paths, and mail servers that ask it about each token."""

from pathlib import Path
from typing import Any

import pytest

from notifications.delivery.drain import drain
from notifications.models import HoldReason, MailServerState, Message, OAuthGrant
from notifications.oauth.errors import OAuthFailure
from tests.base import a_message
from tests.oauth.lab import ACCOUNT, authenticate, use_microsoft
from tests.peers.identity import IdentityPeer
from tests.peers.mail import MailPeer

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
        drain(WORKER)
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
        OAuthGrant.objects.update(expires_at=None)
        messages = [a_message() for _ in range(5)]
        drain(WORKER)
        assert OAuthGrant.load().state == OAuthGrant.State.RECONNECT_NEEDED
        assert MailServerState.load().held_reason == HoldReason.RECONNECT
        assert {Message.objects.get(pk=message.pk).state for message in messages} == {"queued"}
        authenticate(server, identity_peer)
        drain(WORKER)
        assert len(oauth_mail_peer.wait_for(5)) == 5

    def test_is_no_reason_to_ask_again_and_again(self, lab: Any, identity_peer: IdentityPeer) -> None:
        server = lab()
        authenticate(server, identity_peer)
        identity_peer.revoke(ACCOUNT)
        OAuthGrant.objects.update(expires_at=None)
        for _ in range(5):
            a_message()
            MailServerState.objects.update(next_probe_at=None)
            drain(WORKER)
        assert len(identity_peer.refreshes()) == 1
