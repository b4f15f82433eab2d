"""Signing in with a provider: a certified OpenID provider that nobody here wrote, and tokens forged on the way."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, RSAKey

from notifications.access import Role, role_of
from notifications.checks import sign_in_with_a_provider
from notifications.models import AuditEvent, BrowserSession, Identity
from notifications.models.identity import NoAccount
from notifications.models.people import deactivate
from notifications.oauth import sign_in
from notifications.oauth.providers import Kind
from notifications.oauth.sign_in import SignInProvider, verified
from tests.base import administrator, person
from tests.google_stand_in import GoogleStandIn
from tests.oauth.lab import providers_file
from tests.peers.identity import IdentityPeer
from tests.pki import ca_pem, server_context

ACCOUNT = "vera@contoso.test"


@pytest.fixture
def peer(identity_peer: IdentityPeer, tmp_path: Path, settings: Any, db: None) -> IdentityPeer:
    """Switched on, as the environment would do it."""
    providers_file(tmp_path, settings, microsoft=identity_peer.provider(1))
    settings.OIDC_PROVIDER, settings.OIDC_TENANT = "microsoft.lab", identity_peer.tenant
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "ms-conf", "ms-conf-secret"
    identity_peer.set(redirect_uris=[f"{settings.PUBLIC_URL}{reverse('provider-sign-in-callback')}"])
    return identity_peer


def way_in(client: Client) -> str:
    return str(client.get(reverse("provider-sign-in")).headers["Location"])


def come_back(client: Client, address: str) -> Any:
    return client.get(f"{reverse('provider-sign-in-callback')}?{urlsplit(address).query}")


def sign_in_as(peer: IdentityPeer, account: str = ACCOUNT) -> tuple[Client, Any]:
    client = Client()
    return client, come_back(client, peer.sign_in(way_in(client), account))


class TestComingIn:
    def test_makes_a_viewer_at_the_first_time_and_finds_them_again(self, peer: IdentityPeer) -> None:
        client, response = sign_in_as(peer)
        assert response.headers["Location"] == reverse("home")
        vera = User.objects.get()
        assert (vera.username, vera.email, role_of(vera)) == (ACCOUNT, ACCOUNT, Role.VIEWER)
        assert not vera.has_usable_password()
        assert client.get(reverse("deliveries")).status_code == 200
        assert BrowserSession.objects.get().user == vera

        sign_in_as(peer)
        assert User.objects.count() == 1
        told = [str(event) for event in AuditEvent.objects.order_by("id")]
        assert told[0] == f"Account made: {ACCOUNT}, at the first sign-in"
        assert told[1:] == ["Signed in: with Microsoft"] * 2

    def test_sends_a_challenge_a_state_and_a_nonce(self, peer: IdentityPeer) -> None:
        asked = dict(parse_qsl(urlsplit(way_in(Client())).query))
        assert asked["code_challenge_method"] == "S256"
        assert all(len(asked[name]) > 20 for name in ("code_challenge", "state", "nonce"))
        assert asked["scope"] == "openid email profile"

    def test_is_offered_on_the_page(self, peer: IdentityPeer) -> None:
        assert "Sign in with Microsoft" in Client().get(reverse("sign-in")).content.decode()

    def test_is_off_without_the_environment(self, db: None) -> None:
        assert "Sign in with" not in Client().get(reverse("sign-in")).content.decode()
        assert Client().get(reverse("provider-sign-in")).status_code == 404
        assert Client().get(reverse("provider-sign-in-callback")).status_code == 404


class TestIsRefused:
    def refused(self, client: Client, address: str, words: str) -> None:
        response = come_back(client, address)
        assert response.status_code == 403
        assert words in response.content.decode()
        assert "_auth_user_id" not in client.session
        assert not Identity.objects.exists()
        assert AuditEvent.objects.get().action == AuditEvent.Action.SIGN_IN_REFUSED

    def test_of_another_browser(self, peer: IdentityPeer) -> None:
        response = come_back(Client(), peer.sign_in(way_in(Client()), ACCOUNT))
        assert response.status_code == 403
        assert "belongs to no sign-in in this browser" in response.content.decode()
        assert not User.objects.exists()
        # Anybody can do that a million times, and the record keeps everything for good.
        assert not AuditEvent.objects.exists()

    def test_of_another_state(self, peer: IdentityPeer) -> None:
        client = Client()
        code = dict(parse_qsl(urlsplit(peer.sign_in(way_in(client), ACCOUNT)).query))["code"]
        self.refused(client, f"?{urlencode({'code': code, 'state': 'x'})}", "does not belong to this sign-in")

    def test_a_second_time(self, peer: IdentityPeer) -> None:
        client = Client()
        address = peer.sign_in(way_in(client), ACCOUNT)
        come_back(client, address)
        assert come_back(Client(), address).status_code == 403

    def test_who_pressed_cancel(self, peer: IdentityPeer) -> None:
        client = Client()
        self.refused(client, peer.sign_in(way_in(client), ACCOUNT, consent=False), "access_denied")

    def test_whose_domain_is_not_allowed(self, peer: IdentityPeer, settings: Any) -> None:
        settings.OIDC_ALLOWED_DOMAINS = ["other.test"]
        client = Client()
        self.refused(client, peer.sign_in(way_in(client), ACCOUNT), "none of the domains")

    def test_whose_name_an_account_with_a_password_has(self, peer: IdentityPeer) -> None:
        """Or whoever can make an address at the provider would be that person here."""
        person(ACCOUNT.upper(), is_superuser=True)
        client = Client()
        self.refused(client, peer.sign_in(way_in(client), ACCOUNT), "signs in with a password")

    def test_who_is_switched_off(self, peer: IdentityPeer) -> None:
        administrator()
        sign_in_as(peer)
        deactivate(User.objects.get(username=ACCOUNT), by=None)
        client, response = sign_in_as(peer)
        assert response.status_code == 403
        assert "switched off" in response.content.decode()
        assert "_auth_user_id" not in client.session


class TestGoogle:
    @pytest.fixture(autouse=True)
    def switched_on(self, google: GoogleStandIn, tmp_path: Path, settings: Any, db: None) -> None:
        providers_file(tmp_path, settings, google=google.provider(1))
        settings.OIDC_PROVIDER, settings.OIDC_ALLOWED_DOMAINS = "google.lab", ["contoso.test"]
        settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = "google-web", "google-web-secret"
        google.rules.redirect_uris = [f"{settings.PUBLIC_URL}{reverse('provider-sign-in-callback')}"]
        google.rules.account = ACCOUNT

    def come_in(self, google: GoogleStandIn) -> tuple[Client, Any]:
        client = Client()
        return client, come_back(client, google.consent(way_in(client)))

    def test_lets_somebody_of_an_allowed_domain_in(self, google: GoogleStandIn) -> None:
        assert "Sign in with Google" in Client().get(reverse("sign-in")).content.decode()
        client, response = self.come_in(google)
        assert response.headers["Location"] == reverse("home")
        assert (User.objects.get().username, role_of(User.objects.get())) == (ACCOUNT, Role.VIEWER)
        assert client.get(reverse("deliveries")).status_code == 200
        self.come_in(google)
        assert [str(each) for each in AuditEvent.objects.order_by("id")][1:] == ["Signed in: with Google"] * 2

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"email": "vera@elsewhere.test"}, "none of the domains"),
            ({"email_verified": False}, "not verified your address"),
            ({"hd": None}, "a personal Google account"),
            ({"email": None}, "did not say your address"),
            ({"aud": "another-app"}, "could not be verified"),
            ({"iss": "https://accounts.example"}, "could not be verified"),
            ({"nonce": "of another sign-in"}, "could not be verified"),
            ({"exp": 1}, "could not be verified"),
        ],
    )
    def test_is_not_believed_everything(self, google: GoogleStandIn, changes: dict[str, Any], words: str) -> None:
        google.rules.id_token_changes = changes
        _, response = self.come_in(google)
        assert response.status_code == 403
        assert words in response.content.decode()
        assert not User.objects.exists()

    def test_that_does_not_answer_signs_nobody_in(self, google: GoogleStandIn) -> None:
        google.next_answer(503, "later")
        _, response = self.come_in(google)
        assert response.status_code == 403
        assert "Google could not be asked" in response.content.decode()

    def test_in_the_operators_file_without_its_keys_stops_the_start(
        self, google: GoogleStandIn, tmp_path: Path, settings: Any
    ) -> None:
        providers_file(tmp_path, settings, google=google.provider(1) | {"jwks_uri": "https://localhost/keys"})
        assert sign_in_with_a_provider() == []
        without = {name: value for name, value in google.provider(1).items() if name != "jwks_uri"}
        providers_file(tmp_path, settings, google=without)
        assert "issuer and jwks_uri of google.lab are missing" in sign_in_with_a_provider()[0].msg


class Keys(BaseHTTPRequestHandler):
    """The provider's list of keys, with one that the test can sign with."""

    listed: ClassVar[bytes] = b""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.listed)))
        self.end_headers()
        self.wfile.write(self.listed)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "k", "use": "sig", "alg": "RS256"})


@pytest.fixture(scope="module")
def provider(key: RSAKey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignInProvider]:
    folder = tmp_path_factory.mktemp("keys")
    (folder / "ca.pem").write_text(ca_pem())
    Keys.listed = json.dumps({"keys": [key.as_dict(private=False)]}).encode()
    with ThreadingHTTPServer(("127.0.0.1", 0), Keys) as server:
        server.socket = server_context().wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        base = f"https://localhost:{server.server_port}"
        addresses = (f"{base}/authorize", f"{base}/token", f"{base}/keys")
        yield SignInProvider(Kind.MICROSOFT, f"{base}/t/v2.0", "", *addresses, str(folder / "ca.pem"))
        server.shutdown()
        thread.join()


def claims_of(provider: SignInProvider) -> dict[str, Any]:
    now = int(time.time())
    return {"iss": provider.issuer, "aud": "app", "sub": "s", "nonce": "n", "iat": now, "exp": now + 600}


class TestTheIdToken:
    @pytest.fixture(autouse=True)
    def app(self, settings: Any) -> None:
        settings.OIDC_CLIENT_ID = "app"

    def verify(self, provider: SignInProvider, claims: dict[str, Any], key: Any, algorithm: str = "RS256") -> Any:
        token = jwt.encode({"alg": algorithm, "kid": "k"}, claims, key, algorithms=[algorithm])
        return verified(provider, token, "n")

    def test_is_believed_when_all_of_it_is_right(self, provider: SignInProvider, key: RSAKey) -> None:
        """The control: each of the others is refused for the one thing that is wrong in it."""
        assert self.verify(provider, claims_of(provider), key)["sub"] == "s"
        assert self.verify(provider, claims_of(provider) | {"aud": ["app"]}, key)["sub"] == "s"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"iss": "https://evil.example/v2.0"},
            {"aud": "another-app"},
            {"aud": ["app", "another-app"]},
            {"exp": int(time.time()) - 3600},
            {"nonce": "of another sign-in"},
        ],
    )
    def test_of_something_else_is_refused(self, provider: SignInProvider, key: RSAKey, wrong: dict[str, Any]) -> None:
        with pytest.raises((JoseError, ValueError)):
            self.verify(provider, claims_of(provider) | wrong, key)

    @pytest.mark.parametrize("name", ["iss", "aud", "exp", "nonce", "sub"])
    def test_that_leaves_something_out_is_refused(self, provider: SignInProvider, key: RSAKey, name: str) -> None:
        claims = claims_of(provider)
        del claims[name]
        with pytest.raises((JoseError, KeyError)):
            self.verify(provider, claims, key)

    def test_signed_by_somebody_else_is_refused(self, provider: SignInProvider) -> None:
        with pytest.raises(JoseError):
            self.verify(provider, claims_of(provider), RSAKey.generate_key(2048, {"kid": "k"}))

    def test_signed_with_a_secret_is_refused(self, provider: SignInProvider) -> None:
        with pytest.raises((JoseError, ValueError)):
            self.verify(provider, claims_of(provider), OctKey.generate_key(256), "HS256")

    @pytest.mark.parametrize("text", ["", "a.b.c", "no token"])
    def test_that_is_none_is_refused(self, provider: SignInProvider, text: str) -> None:
        with pytest.raises((JoseError, ValueError)):
            verified(provider, text, "n")


class TestTheIssuer:
    @pytest.mark.parametrize("issuer", ["https://evil.example/t/v2.0", "http://localhost/t", ""])
    def test_is_at_a_known_host(self, provider: SignInProvider, issuer: str) -> None:
        with pytest.raises(ValueError, match="no known host"):
            sign_in.issuer_of(provider, {"issuer": issuer})


class TestAForgedAnswer:
    @pytest.mark.parametrize("algorithm", ["none", "RS256"])
    def test_of_the_token_endpoint_signs_nobody_in(self, peer: IdentityPeer, algorithm: str) -> None:
        client = Client()
        address = way_in(client)
        nonce = dict(parse_qsl(urlsplit(address).query))["nonce"]
        back = peer.sign_in(address, ACCOUNT)
        now = int(time.time())
        claims = {"iss": peer.authority, "aud": "ms-conf", "sub": "ada", "nonce": nonce, "exp": now + 600}
        token = f"{part({'alg': algorithm, 'kid': 'tests'})}.{part(claims | {'email': ACCOUNT})}.{part('forged')}"
        peer.next_answers((200, json.dumps({"access_token": "x", "token_type": "Bearer", "id_token": token})))

        response = come_back(client, back)

        assert response.status_code == 403
        assert "could not be verified" in response.content.decode()
        assert not User.objects.exists()


def part(values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).rstrip(b"=").decode()


@pytest.mark.django_db
class TestAnAccount:
    def test_is_made_for_no_address_that_cannot_be_a_name(self) -> None:
        for email in ("x y<z>@contoso.test", "a" * 140 + "@contoso.test", "a" * 300 + "@contoso.test", "@"):
            with pytest.raises(NoAccount):
                Identity.person("i", "s", email, None)
        with pytest.raises(NoAccount):
            Identity.person("i", "s" * 301, ACCOUNT, None)
        assert not User.objects.exists()

    def test_of_somebody_in_two_windows_at_once_is_asked_for_again(self) -> None:
        came: list[str] = []

        def other_window(execute: Any, sql: str, *more: Any) -> Any:
            """Between the look for the account and the account."""
            if sql.startswith("INSERT") and not came:
                came.append(ACCOUNT)
                User.objects.bulk_create([User(username=ACCOUNT)])
            return execute(sql, *more)

        with connection.execute_wrapper(other_window), pytest.raises(NoAccount, match="at once"):
            Identity.person("i", "s", ACCOUNT, None)


class TestRoles:
    @pytest.mark.parametrize(
        ("groups", "role"),
        [
            (["ops"], Role.OPERATOR),
            (["ops", "admins"], Role.ADMINISTRATOR),
            (["strangers"], Role.VIEWER),
            ("admins", Role.VIEWER),
            (None, Role.VIEWER),
        ],
    )
    def test_come_from_the_groups(self, settings: Any, groups: Any, role: Role) -> None:
        settings.OIDC_GROUP_ROLES = ["ops=operator", "admins=administrator"]
        assert sign_in.role_in({"groups": groups}) == role

    def test_stay_when_somebody_is_in_more_groups_than_are_sent(self, settings: Any) -> None:
        settings.OIDC_GROUP_ROLES = ["ops=operator"]
        assert sign_in.role_in({"_claim_names": {"groups": "src1"}, "_claim_sources": {}}) is None

    def test_are_the_administrators_business_without_groups(self, settings: Any) -> None:
        assert sign_in.role_in({"groups": ["admins"]}) is None

    def test_follow_the_groups_at_each_sign_in(self, db: None) -> None:
        administrator()
        first = Identity.person("i", "s", ACCOUNT, Role.OPERATOR)
        assert role_of(first) == Role.OPERATOR
        assert role_of(Identity.person("i", "s", ACCOUNT, Role.VIEWER)) == Role.VIEWER
        assert role_of(Identity.person("i", "s", ACCOUNT, None)) == Role.VIEWER

    def test_leave_the_last_administrator(self, db: None) -> None:
        Identity.person("i", "s", ACCOUNT, Role.ADMINISTRATOR)
        assert role_of(Identity.person("i", "s", ACCOUNT, Role.VIEWER)) == Role.ADMINISTRATOR


class TestTheSettings:
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"OIDC_PROVIDER": "yahoo"}, "no provider here"),
            ({"OIDC_PROVIDER": "microsoft", "OIDC_TENANT": "common"}, "OIDC_TENANT"),
            ({"OIDC_PROVIDER": "microsoft"}, "OIDC_TENANT"),
            ({"OIDC_PROVIDER": "google"}, "OIDC_ALLOWED_DOMAINS"),
            ({"OIDC_PROVIDER": "google", "OIDC_CLIENT_SECRET": ""}, "OIDC_CLIENT_ID and OIDC_CLIENT_SECRET"),
            ({"OIDC_PROVIDER": "google", "OIDC_GROUP_ROLES": ["x=king"]}, "x=king"),
        ],
    )
    def test_that_cannot_work_stop_the_start(self, settings: Any, changes: dict[str, Any], words: str) -> None:
        for name, value in ({"OIDC_CLIENT_ID": "id", "OIDC_CLIENT_SECRET": "secret"} | changes).items():
            setattr(settings, name, value)
        (found,) = sign_in_with_a_provider()
        assert (found.id, words in found.msg) == ("notifications.E006", True)

    def test_of_google_want_a_verified_address(self, settings: Any) -> None:
        settings.OIDC_PROVIDER, settings.OIDC_ALLOWED_DOMAINS = "google", ["contoso.test"]
        settings.OIDC_CLIENT_ID = settings.OIDC_CLIENT_SECRET = "x"
        google = sign_in.sign_in_provider()
        assert google
        claims = {"iss": google.issuer, "sub": "s", "email": ACCOUNT, "email_verified": True, "hd": "contoso.test"}
        assert sign_in.somebody(google, claims).email == ACCOUNT
        for unverified in ({"email_verified": False}, {"email_verified": "true"}, {"email": "x@evil.example"}):
            with pytest.raises(sign_in.SignInRefused):
                sign_in.somebody(google, claims | unverified)
