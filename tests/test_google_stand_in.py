"""The stand-in must refuse what Google refuses: the product is tested against it, driven here by authlib alone."""

import base64
import json
import threading
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
import requests
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from playwright.sync_api import sync_playwright

from tests.google_rules import SMTP_SCOPE
from tests.google_stand_in import AUTHORIZATION, REVOCATION, TOKEN, GoogleStandIn
from tests.peers.mail import MailPeer
from tests.peers.need import CHROMIUM, need
from tests.peers.xoauth2 import try_token
from tests.waiting import wait_until

SENDER = "sender@contoso.test"
LOOPBACK = "http://localhost:63766"
VERIFIER = "v" * 64
OFFLINE = {"access_type": "offline", "prompt": "consent"}


def session(google: GoogleStandIn, secret: str = "google-desktop-secret", **options: Any) -> OAuth2Session:
    options = {"redirect_uri": LOOPBACK, "client_id": "google-desktop", **options}
    made = OAuth2Session(
        client_secret=secret,
        scope=f"openid email {SMTP_SCOPE}",
        code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_post",
        **options,
    )
    made.trust_env, made.verify = False, str(google.ca_file)
    return made


def address(google: GoogleStandIn, client: OAuth2Session, **query: str) -> str:
    query = {"code_verifier": VERIFIER, "nonce": "a nonce", **query}
    url: str = client.create_authorization_url(google.base + AUTHORIZATION, **query)[0]
    return url


def redeem(google: GoogleStandIn, client: OAuth2Session, back: str, verifier: str = VERIFIER) -> dict[str, Any]:
    code = parse_qs(urlsplit(back).query)["code"][0]
    token: dict[str, Any] = client.fetch_token(google.base + TOKEN, code=code, code_verifier=verifier)
    return token


def signed_in(google: GoogleStandIn, **query: str) -> tuple[OAuth2Session, dict[str, Any]]:
    client = session(google)
    return client, redeem(google, client, google.consent(address(google, client, **(query or OFFLINE))))


def refresh(google: GoogleStandIn, client: OAuth2Session, token: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = client.refresh_token(google.base + TOKEN, refresh_token=token["refresh_token"])
    return result


def claims(token: Mapping[str, Any]) -> dict[str, Any]:
    payload = token["id_token"].split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return said


def test_a_consent_gives_tokens_and_the_name_of_the_person(google: GoogleStandIn) -> None:
    _, token = signed_in(google)
    assert token["refresh_token"]
    assert token["scope"].split() == ["openid", "https://www.googleapis.com/auth/userinfo.email", SMTP_SCOPE]
    said = claims(token)
    assert (said["email"], said["aud"], said["nonce"]) == (SENDER, "google-desktop", "a nonce")
    assert google.log() == [
        {"grant_type": "authorization_code", "client_id": "google-desktop", "status": 200, "error": ""}
    ]


def test_the_browser_comes_back_with_the_state(google: GoogleStandIn) -> None:
    back = google.consent(address(google, session(google), state="mine", **OFFLINE))
    assert back.startswith(f"{LOOPBACK}?")
    assert dict(parse_qsl(urlsplit(back).query))["state"] == "mine"


def test_a_person_may_turn_away(google: GoogleStandIn) -> None:
    back = google.consent(address(google, session(google)), allow=False)
    assert dict(parse_qsl(urlsplit(back).query))["error"] == "access_denied"


def test_a_browser_finds_one_button(google: GoogleStandIn) -> None:
    need("chromium")
    # example.test leads nowhere: the address that the browser asks for is what counts.
    client = session(google, "google-web-secret", client_id="google-web", redirect_uri=google.rules.redirect_uris[0])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(ignore_https_errors=True)
        page.route("https://app.example.test/**", lambda route: route.fulfill(body="back"))
        page.goto(address(google, client, **OFFLINE))
        page.get_by_role("button").click()
        page.wait_for_url("https://app.example.test/**")
        back = page.url
        browser.close()
    assert redeem(google, client, back)["refresh_token"]


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"client_id": "nobody"}, "invalid_client"),
        ({"redirect_uri": "https://elsewhere.example/"}, "redirect_uri_mismatch"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_a_wrong_request_ends_on_googles_own_page(google: GoogleStandIn, query: dict[str, str], error: str) -> None:
    parts = urlsplit(address(google, session(google)))
    changed = urlencode(dict(parse_qsl(parts.query)) | query)
    with google.http() as browser:
        reply = browser.get(parts._replace(query=changed).geturl(), allow_redirects=False, timeout=10)
    assert reply.status_code in (400, 401)
    assert error in reply.text


def test_a_web_application_may_use_only_the_listed_addresses(google: GoogleStandIn) -> None:
    client = session(google, "google-web-secret", client_id="google-web")
    with pytest.raises(AssertionError, match="redirect_uri_mismatch"):
        google.consent(address(google, client))
    google.rules.redirect_uris.append(LOOPBACK)
    assert google.consent(address(google, client)).startswith(LOOPBACK)


@pytest.mark.parametrize(
    ("secret", "words"), [("", "client_secret is missing."), ("wrong", "The provided client secret is invalid.")]
)
def test_the_secret_is_needed_although_pkce_is_used(google: GoogleStandIn, secret: str, words: str) -> None:
    back = google.consent(address(google, session(google), **OFFLINE))
    with pytest.raises(OAuthError, match=words):
        redeem(google, session(google, secret), back)


@pytest.mark.parametrize(("verifier", "words"), [("", "Missing code verifier."), ("w" * 64, "Invalid code verifier.")])
def test_the_verifier_must_fit_the_challenge(google: GoogleStandIn, verifier: str, words: str) -> None:
    back = google.consent(address(google, session(google), **OFFLINE))
    with pytest.raises(OAuthError, match=words):
        redeem(google, session(google), back, verifier)


def test_the_token_endpoint_wants_the_same_redirect_address(google: GoogleStandIn) -> None:
    back = google.consent(address(google, session(google), **OFFLINE))
    with pytest.raises(OAuthError, match="redirect_uri_mismatch"):
        redeem(google, session(google, redirect_uri=f"{LOOPBACK}/"), back)


def test_a_code_works_once(google: GoogleStandIn) -> None:
    client = session(google)
    back = google.consent(address(google, client, **OFFLINE))
    redeem(google, client, back)
    with pytest.raises(OAuthError, match="invalid_grant"):
        redeem(google, client, back)


def test_without_offline_there_is_no_refresh_token(google: GoogleStandIn) -> None:
    assert "refresh_token" not in signed_in(google, prompt="consent")[1]


def test_a_second_consent_brings_a_refresh_token_only_when_asked_for_consent(google: GoogleStandIn) -> None:
    assert "refresh_token" in signed_in(google, access_type="offline")[1]
    assert "refresh_token" not in signed_in(google, access_type="offline")[1]
    assert "refresh_token" in signed_in(google, **OFFLINE)[1]


def test_a_box_left_unticked_narrows_the_scope(google: GoogleStandIn) -> None:
    google.rules.withheld = {SMTP_SCOPE}
    assert SMTP_SCOPE not in signed_in(google)[1]["scope"]


def test_claims_can_be_changed_and_left_out(google: GoogleStandIn) -> None:
    google.rules.id_token_changes = {"aud": "another", "email": None}
    said = claims(signed_in(google)[1])
    assert said["aud"] == "another"
    assert "email" not in said


def test_a_refresh_brings_no_new_refresh_token_and_the_old_one_stays_good(google: GoogleStandIn) -> None:
    client, token = signed_in(google)
    form = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
    form |= {"client_id": "google-desktop", "client_secret": "google-desktop-secret"}
    with google.http() as http:
        answer = http.post(google.base + TOKEN, data=form, timeout=10).json()
    assert "refresh_token" not in answer
    assert refresh(google, client, token)["access_token"] not in (token["access_token"], answer["access_token"])
    assert google.refreshes() == [200, 200]


@pytest.mark.parametrize("by", ["person", "app"])
def test_a_revoked_consent_cannot_be_refreshed(google: GoogleStandIn, by: str) -> None:
    client, token = signed_in(google)
    if by == "person":
        assert google.revoke(SENDER) == 1
    else:
        assert client.revoke_token(google.base + REVOCATION, token=token["refresh_token"]).status_code == 200
    with pytest.raises(OAuthError, match="Token has been expired or revoked."):
        refresh(google, client, token)
    assert google.refreshes() == [400]


def test_next_answers_come_one_after_the_other(google: GoogleStandIn) -> None:
    google.next_answer(429, headers={"Retry-After": "7"}).next_answer(500).next_answer(200, "<html>")
    google.next_answer(307, headers={"Location": "https://elsewhere.example/"}).next_answer(200, b"x" * 10_000_000)
    with google.http() as http:
        replies = [http.post(google.base + TOKEN, allow_redirects=False, timeout=10) for _ in range(6)]
    assert [reply.status_code for reply in replies] == [429, 500, 200, 307, 200, 400]
    assert replies[0].headers["Retry-After"] == "7"
    assert len(replies[4].content) == 10_000_000
    assert [call["status"] for call in google.log()] == [429, 500, 200, 307, 200, 400]


@pytest.mark.parametrize("value", [0, -5, "soon", None])
def test_a_member_of_the_true_answer_can_be_changed(google: GoogleStandIn, value: object) -> None:
    google.next_answer(changes={"expires_in": value, "token_type": "Bearer"})
    client = session(google)
    code = parse_qs(urlsplit(google.consent(address(google, client, **OFFLINE))).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER, "redirect_uri": LOOPBACK}
    with google.http() as http:
        reply = http.post(google.base + TOKEN, data=form, auth=("google-desktop", "google-desktop-secret"), timeout=10)
    assert reply.json()["access_token"]
    assert reply.json().get("expires_in") == value


def test_a_hanging_answer_never_comes(google: GoogleStandIn) -> None:
    google.next_answer(hangs=True)
    with google.http() as http, pytest.raises(requests.ReadTimeout):
        http.post(google.base + TOKEN, data={"grant_type": "refresh_token"}, timeout=0.5)
    assert google.refreshes() == [0]


def test_who_hangs_is_let_go_by_a_reset(google: GoogleStandIn) -> None:
    google.next_answer(hangs=True)
    errors: list[Exception] = []

    def ask() -> None:
        try:
            google.http().post(google.base + TOKEN, timeout=60)
        except requests.ConnectionError as error:
            errors.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    wait_until(google.log)
    google.reset()
    asking.join(20)
    assert len(errors) == 1


@pytest.mark.parametrize("door", ["starttls", "tls", "dovecot_starttls", "dovecot_tls"])
def test_the_mail_servers_take_a_token_of_the_user(
    google: GoogleStandIn, google_mail_peer: MailPeer, door: str
) -> None:
    token = signed_in(google)[1]["access_token"]
    assert try_token(google_mail_peer, door, SENDER, token)[0] == 235
    assert google_mail_peer.wait_for(1)[0]["Return-Path"] == f"<{SENDER}>"


@pytest.mark.parametrize("fault", ["another user", "no scope", "revoked", "expired"])
def test_the_mail_servers_refuse_other_tokens(google: GoogleStandIn, google_mail_peer: MailPeer, fault: str) -> None:
    if fault == "another user":
        google.rules.account = "other@contoso.test"
    if fault == "no scope":
        google.rules.withheld = {SMTP_SCOPE}
    if fault == "expired":
        google.rules.access_token_seconds = -1
    token = signed_in(google)[1]["access_token"]
    if fault == "revoked":
        google.revoke(SENDER)
    assert try_token(google_mail_peer, "starttls", SENDER, token)[0] == 535


def test_the_providers_file_holds_the_given_tables(
    google: GoogleStandIn, providers_file: Callable[[Mapping[str, Mapping[str, Any]]], Path]
) -> None:
    path = providers_file({"google.lab": google.provider(2588), "google.other": google.provider(2466)})
    tables = tomllib.loads(path.read_text())["google"]
    assert tables["lab"]["token_endpoint"] == f"{google.base}/oauth2/token"
    assert (tables["lab"]["smtp_port"], tables["other"]["smtp_port"]) == (2588, 2466)
