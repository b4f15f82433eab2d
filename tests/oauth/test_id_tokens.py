"""The id token says who signed in, and must be of this sign-in: forged ones, from the token endpoint itself."""

import base64
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from notifications.models import AuditEvent, MailServerSettings, OAuthGrant
from notifications.oauth import consent
from tests.base import administrator
from tests.oauth.lab import ACCOUNT, answer_of, providers_file, use_oauth2
from tests.peers.identity import IdentityPeer
from tests.peers.mail import SCOPE

Claims = dict[str, Any]
Forge = Callable[[Claims], str]


@pytest.fixture
def ada(identity_peer: IdentityPeer, tmp_path: Path, settings: Any, db: None) -> Client:
    """Her browser, where the panel is connected by a good consent."""
    providers_file(tmp_path, settings, microsoft=identity_peer.provider(1))
    use_oauth2(provider="microsoft.lab", client_id="ms-public", tenant_id=identity_peer.tenant)
    client = Client()
    client.force_login(administrator())
    come_back(client, signed_in(client, identity_peer)[1])
    assert OAuthGrant.load().state == OAuthGrant.State.CONNECTED
    return client


def signed_in(client: Client, peer: IdentityPeer) -> tuple[Claims, dict[str, str]]:
    """The claims of the id token that belongs to this sign-in, and the answer to come back with."""
    url = consent.begin(MailServerSettings.load(), client.session.session_key or "", None)
    asked = answer_of(url)
    now = int(time.time())
    claims = {
        "iss": f"{peer.authority}/v2.0",
        "sub": ACCOUNT,
        "oid": ACCOUNT,
        "tid": peer.tenant,
        "aud": asked["client_id"],
        "nonce": asked["nonce"],
        "iat": now,
        "exp": now + 3600,
        "preferred_username": ACCOUNT,
    }
    return claims, answer_of(peer.sign_in(url, ACCOUNT))


def come_back(client: Client, answer: dict[str, str]) -> Any:
    return client.get(f"{reverse('oauth-callback')}?{urlencode(answer)}")


def part(values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).rstrip(b"=").decode()


def jwt(claims: Claims, algorithm: str = "RS256") -> str:
    signature = "" if algorithm.lower() == "none" else part("forged")
    return f"{part({'typ': 'JWT', 'alg': algorithm})}.{part(claims)}.{signature}"


def answered(peer: IdentityPeer, id_token: str) -> None:
    """The token endpoint's next answer, good in everything else."""
    tokens = {"access_token": "forged-access", "refresh_token": "forged-refresh", "id_token": id_token}
    body = {"token_type": "Bearer", "expires_in": 3600, "scope": f"openid {SCOPE}", **tokens}
    peer.next_answers((200, json.dumps(body)))


OF_ANOTHER_SIGN_IN: dict[str, Forge] = {
    "another nonce": lambda claims: jwt(claims | {"nonce": "of another sign-in"}),
    "no nonce": lambda claims: jwt({name: value for name, value in claims.items() if name != "nonce"}),
}
OF_ANOTHER_APP: dict[str, Forge] = {
    "another audience": lambda claims: jwt(claims | {"aud": "another-app"}),
    "other audiences": lambda claims: jwt(claims | {"aud": ["another-app", "a-third"]}),
    "no audience": lambda claims: jwt({name: value for name, value in claims.items() if name != "aud"}),
    "no signature": lambda claims: jwt(claims, "none"),
    "no signature, spelled otherwise": lambda claims: jwt(claims, "NoNe"),
    "half a token": lambda claims: jwt(claims).split(".")[0],
}


class TestAnIdToken:
    def test_that_belongs_to_the_sign_in_connects(self, ada: Client, identity_peer: IdentityPeer) -> None:
        """The control: what is refused below is refused for the one thing that is wrong in it."""
        before = OAuthGrant.load().consent
        claims, answer = signed_in(ada, identity_peer)
        answered(identity_peer, jwt(claims))

        response = come_back(ada, answer)

        assert response.status_code == 302
        assert OAuthGrant.load().consent != before
        assert OAuthGrant.load().access_token == "forged-access"

    def test_that_is_none_is_refused(self, ada: Client, identity_peer: IdentityPeer) -> None:
        self.refuses(ada, identity_peer, lambda claims: "not.a.token")

    @pytest.mark.parametrize("forged", OF_ANOTHER_SIGN_IN)
    def test_of_another_sign_in_is_refused(self, ada: Client, identity_peer: IdentityPeer, forged: str) -> None:
        self.refuses(ada, identity_peer, OF_ANOTHER_SIGN_IN[forged])

    @pytest.mark.parametrize("forged", OF_ANOTHER_APP)
    def test_of_another_app_or_of_nobody_is_refused(
        self, ada: Client, identity_peer: IdentityPeer, forged: str
    ) -> None:
        self.refuses(ada, identity_peer, OF_ANOTHER_APP[forged])

    def refuses(self, ada: Client, identity_peer: IdentityPeer, forge: Forge) -> None:
        before = OAuthGrant.objects.values().get()
        claims, answer = signed_in(ada, identity_peer)
        answered(identity_peer, forge(claims))

        response = come_back(ada, answer)

        assert response.status_code == 400
        assert "forged" not in response.content.decode()
        assert OAuthGrant.objects.values().get() == before
        event = AuditEvent.objects.latest("pk")
        assert (event.action, event.actor_name) == (AuditEvent.Action.CONSENT_REFUSED, "ada")
