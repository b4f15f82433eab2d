"""What the tests of signing in believe about the identity peer, tried with the libraries that the product uses."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msal
import pytest
from playwright.sync_api import sync_playwright

from tests.peers.identity import IdentityPeer
from tests.peers.mail import SCOPE, MailPeer
from tests.peers.need import CHROMIUM, need
from tests.peers.xoauth2 import try_token
from tests.waiting import wait_until

# msal would rather have form_post, which comes back without the panel's session cookie.
pytestmark = pytest.mark.filterwarnings("ignore:response_mode=:UserWarning")

SENDER = "sender@contoso.test"
LOOPBACK = "http://localhost:63766"
CALLBACK = "https://app.example.test/mail/oauth/callback"
ALL_DOORS = ["starttls", "tls", "dovecot_starttls", "dovecot_tls"]


def application(peer: IdentityPeer, client_id: str = "ms-public", secret: str = "") -> msal.ClientApplication:
    options: dict[str, Any] = {
        "authority": peer.authority,
        "instance_discovery": False,
        "http_client": peer.http(),
    }
    if secret:
        return msal.ConfidentialClientApplication(client_id, client_credential=secret, **options)
    return msal.PublicClientApplication(client_id, **options)


def begin(app: msal.ClientApplication, redirect_uri: str = LOOPBACK, scope: str = SCOPE) -> dict[str, Any]:
    flow: dict[str, Any] = app.initiate_auth_code_flow(
        [scope], redirect_uri=redirect_uri, prompt="select_account", response_mode="query"
    )
    return flow


def answer_in(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def consent(
    peer: IdentityPeer, app: msal.ClientApplication, account: str = SENDER, redirect_uri: str = LOOPBACK
) -> dict[str, Any]:
    flow = begin(app, redirect_uri)
    back = peer.sign_in(flow["auth_uri"], account)
    assert back.startswith(redirect_uri)
    result: dict[str, Any] = app.acquire_token_by_auth_code_flow(flow, answer_in(back))
    return result


def refresh(app: msal.ClientApplication) -> dict[str, Any]:
    result: dict[str, Any] = app.acquire_token_silent_with_error([SCOPE], app.get_accounts()[0], force_refresh=True)
    return result


@pytest.mark.parametrize(
    ("client_id", "secret", "redirect_uri"),
    [
        ("ms-public", "", LOOPBACK),
        ("ms-public", "", "http://127.0.0.1:8000/"),
        ("ms-conf", "ms-conf-secret", CALLBACK),
    ],
)
def test_a_consent_gives_tokens_and_the_name_of_the_person(
    identity_peer: IdentityPeer, client_id: str, secret: str, redirect_uri: str
) -> None:
    result = consent(identity_peer, application(identity_peer, client_id, secret), SENDER, redirect_uri)
    assert result["access_token"]
    assert result["refresh_token"]
    assert SCOPE in result["scope"]
    assert result["id_token_claims"]["preferred_username"] == SENDER
    assert result["id_token_claims"]["tid"] == identity_peer.tenant


@pytest.mark.parametrize(("client_id", "secret"), [("ms-public", "too much"), ("ms-conf", ""), ("ms-conf", "wrong")])
def test_a_secret_too_much_too_little_or_wrong_is_refused(
    identity_peer: IdentityPeer, client_id: str, secret: str
) -> None:
    redirect_uri = LOOPBACK if client_id == "ms-public" else CALLBACK
    result = consent(identity_peer, application(identity_peer, client_id, secret), SENDER, redirect_uri)
    assert result["error"] == "invalid_client"


def test_a_redirect_address_must_be_registered(identity_peer: IdentityPeer) -> None:
    app = application(identity_peer, "ms-conf", "ms-conf-secret")
    callback = "https://localhost:9443/mail-server/oauth/callback"
    with pytest.raises(AssertionError, match="400 at"):
        consent(identity_peer, app, SENDER, callback)
    identity_peer.set(redirect_uris=[callback])
    assert consent(identity_peer, app, SENDER, callback)["access_token"]


def test_a_browser_can_walk_the_pages_and_asks_no_other_host(identity_peer: IdentityPeer) -> None:
    need("chromium")
    app = application(identity_peer, "ms-conf", "ms-conf-secret")
    flow = begin(app, CALLBACK)
    asked: set[str] = set()
    blocked: set[str] = set()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(ignore_https_errors=True)
        page.route("https://app.example.test/**", lambda route: route.fulfill(body="back"))
        page.on("request", lambda request: asked.add(request.url))
        page.on("requestfailed", lambda request: blocked.add(request.url if request.failure == "csp" else ""))
        page.goto(flow["auth_uri"])
        page.get_by_placeholder("Enter any login").fill(SENDER)
        page.get_by_placeholder("and password").fill("any")
        page.get_by_role("button", name="Sign-in").click()
        page.get_by_role("button", name="Continue").click()
        page.wait_for_url("https://app.example.test/**")
        back = page.url
        browser.close()
    assert app.acquire_token_by_auth_code_flow(flow, answer_in(back))["refresh_token"]
    assert {urlsplit(url).hostname for url in asked - blocked} == {"localhost", "app.example.test"}


def test_cancel_comes_back_as_access_denied(identity_peer: IdentityPeer) -> None:
    flow = begin(application(identity_peer))
    answer = answer_in(identity_peer.sign_in(flow["auth_uri"], SENDER, consent=False))
    assert (answer["error"], answer["state"]) == ("access_denied", flow["state"])


@pytest.mark.parametrize(("withheld", "missing"), [(SCOPE, "scope"), ("offline_access", "refresh_token")])
def test_what_is_not_consented_to_is_not_given(identity_peer: IdentityPeer, withheld: str, missing: str) -> None:
    identity_peer.set(withheld=[withheld])
    result = consent(identity_peer, application(identity_peer))
    assert withheld not in result["scope"]
    assert SCOPE not in result.get(missing, "")


def test_each_refresh_replaces_the_refresh_token(identity_peer: IdentityPeer) -> None:
    app = application(identity_peer)
    first = consent(identity_peer, app)
    second = refresh(app)
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert identity_peer.refreshes() == [200]


def test_a_refresh_token_used_twice_ends_the_consent(identity_peer: IdentityPeer) -> None:
    app = application(identity_peer)
    first = consent(identity_peer, app)["refresh_token"]
    refresh(app)
    replay = application(identity_peer).acquire_token_by_refresh_token(first, [SCOPE])
    assert replay["error"] == "invalid_grant"
    assert refresh(app)["error"] == "invalid_grant"
    assert identity_peer.refreshes() == [200, 400, 400]


def test_a_revoked_consent_cannot_be_refreshed_until_the_person_comes_again(identity_peer: IdentityPeer) -> None:
    app = application(identity_peer)
    browser = identity_peer.http()
    identity_peer.sign_in(begin(app)["auth_uri"], "someone@contoso.test", browser=browser)
    consent(identity_peer, app)
    assert identity_peer.revoke(SENDER) >= 1
    assert refresh(app)["error"] == "invalid_grant"
    assert identity_peer.sign_in(begin(app)["auth_uri"], SENDER, browser=browser).startswith(LOOPBACK)
    assert consent(identity_peer, app)["access_token"]


def test_next_answers_come_instead_of_the_providers_own(identity_peer: IdentityPeer) -> None:
    app = application(identity_peer)
    consent(identity_peer, app)
    identity_peer.next_answers((429, '{"error": "slow_down"}', {"Retry-After": "1"}), (503, "<h1>away</h1>"))
    assert refresh(app)["error"] == "slow_down"
    # msal would answer from memory now; a new application asks again.
    with pytest.raises(msal.exceptions.MsalServiceError):
        application(identity_peer).acquire_token_by_refresh_token("any", [SCOPE])
    assert identity_peer.refreshes() == [429, 503]


def test_an_app_gets_its_roles_for_the_host_it_asked_for(identity_peer: IdentityPeer) -> None:
    identity_peer.set(roles=["Mail.Send"])
    app = application(identity_peer, "graph-daemon", "graph-secret")
    token = app.acquire_token_for_client(["https://localhost:8445/.default"])["access_token"]
    claims = msal.oauth2cli.oidc.decode_part(token.split(".")[1])
    assert '"roles":["Mail.Send"]' in claims
    assert '"aud":"https://localhost:8445"' in claims


def test_another_tenant_is_not_found(identity_peer: IdentityPeer) -> None:
    reply = identity_peer.http().get(
        f"{identity_peer.base}/contoso.example/v2.0/.well-known/openid-configuration", timeout=10
    )
    assert (reply.status_code, reply.json()["error"]) == (400, "invalid_tenant")


@pytest.mark.parametrize("door", ALL_DOORS)
def test_the_mail_servers_take_a_token_of_the_user(
    identity_peer: IdentityPeer, oauth_mail_peer: MailPeer, door: str
) -> None:
    token = consent(identity_peer, application(identity_peer))["access_token"]
    assert try_token(oauth_mail_peer, door, SENDER, token)[0] == 235
    (mail,) = oauth_mail_peer.wait_for(1)
    assert mail["Return-Path"] == f"<{SENDER}>"


@pytest.mark.parametrize("door", ["starttls", "dovecot_starttls"])
def test_the_mail_servers_refuse_a_token_of_another_user(
    identity_peer: IdentityPeer, oauth_mail_peer: MailPeer, door: str
) -> None:
    token = consent(identity_peer, application(identity_peer), "other@contoso.test")["access_token"]
    assert try_token(oauth_mail_peer, door, SENDER, token)[0] == 535


def test_the_mail_servers_refuse_a_token_without_the_scope(
    identity_peer: IdentityPeer, oauth_mail_peer: MailPeer
) -> None:
    identity_peer.set(withheld=[SCOPE])
    token = consent(identity_peer, application(identity_peer))["access_token"]
    assert try_token(oauth_mail_peer, "starttls", SENDER, token)[0] == 535


def test_the_mail_servers_refuse_a_revoked_token(identity_peer: IdentityPeer, oauth_mail_peer: MailPeer) -> None:
    token = consent(identity_peer, application(identity_peer))["access_token"]
    identity_peer.revoke(SENDER)
    assert try_token(oauth_mail_peer, "starttls", SENDER, token)[0] == 535


def test_the_mail_servers_refuse_an_expired_token(identity_peer: IdentityPeer, oauth_mail_peer: MailPeer) -> None:
    identity_peer.set(access_token_seconds=1)
    token = consent(identity_peer, application(identity_peer))["access_token"]
    wait_until(lambda: try_token(oauth_mail_peer, "starttls", SENDER, token)[0] == 535, what="the token's end")
