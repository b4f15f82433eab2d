"""Authenticate, every way home, and every answer that must not be believed, through the whole HTTP stack."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifications.forms.oauth2 import OAuth2Form, initial_of
from notifications.models import (
    ConsentRequest,
    HoldReason,
    MailServerSettings,
    MailServerState,
    Mode,
    OAuthGrant,
)
from notifications.models.grant import CONSENT_LIFE
from tests.google_stand_in import GoogleStandIn
from tests.oauth.lab import ACCOUNT, providers_file, use_oauth2
from tests.peers.identity import IdentityPeer

CALLBACK = "/mail-server/oauth/callback"


@pytest.fixture
def lab(identity_peer: IdentityPeer, tmp_path: Path, settings: Any, db: None) -> IdentityPeer:
    """OAuth2 as the active mode, with the public client; no mail server stands behind it."""
    providers_file(tmp_path, settings, microsoft=identity_peer.provider(1))
    use_oauth2(provider="microsoft.lab", client_id="ms-public", tenant_id=identity_peer.tenant)
    return identity_peer


def posted(**changes: Any) -> dict[str, str]:
    """What the page posts when its form shows what is saved."""
    saved = MailServerSettings.load()
    shown = {name: "" if value is None else str(value) for name, value in initial_of(saved).items()}
    return {**shown, "mode": "oauth2", "version": str(saved.version), **changes}


def begin(page: Client) -> str:
    """Press Authenticate; the provider's address that the page goes on to."""
    response = page.post(reverse("oauth-consents"), posted())
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', response.content.decode())
    assert response.status_code == 200, response.content.decode()
    assert found
    return unescape(found[1])


def sign_in(page: Client, lab: IdentityPeer, account: str = ACCOUNT) -> dict[str, str]:
    """What the provider's pages lead to: the parameters of the answer."""
    return dict(parse_qsl(urlsplit(lab.sign_in(begin(page), account)).query))


def come_back(page: Client, answer: dict[str, str]) -> Any:
    return page.get(f"{CALLBACK}?{urlencode(answer)}")


@pytest.fixture
def connected(page: Client, lab: IdentityPeer) -> dict[str, str]:
    """A grant to lose; the answer that it was made of."""
    answer = sign_in(page, lab)
    come_back(page, answer)
    assert OAuthGrant.load().state == OAuthGrant.State.CONNECTED
    return answer


def row() -> dict[str, Any]:
    return OAuthGrant.objects.values().get()


class TestAuthenticate:
    def test_leads_to_the_provider_by_a_page_of_its_own(self, page: Client, lab: IdentityPeer) -> None:
        url = begin(page)
        query = dict(parse_qsl(urlsplit(url).query))
        assert url.startswith(f"{lab.authority}/oauth2/v2.0/authorize?")
        assert query["redirect_uri"] == "http://localhost:63766/"
        assert (query["code_challenge_method"], query["login_hint"]) == ("S256", ACCOUNT)

    def test_keeps_the_policy_for_forms_closed(self, page: Client, lab: IdentityPeer) -> None:
        response = page.post(reverse("oauth-consents"), posted())
        assert "form-action 'self'" in response["Content-Security-Policy"].split("; ")
        assert "no-store" in response["Cache-Control"]

    def test_takes_no_redirect_address_from_the_host_header(
        self, page: Client, lab: IdentityPeer, settings: Any
    ) -> None:
        settings.ALLOWED_HOSTS = ["*"]
        response = page.post(reverse("oauth-consents"), posted(), headers={"host": "evil.example"})
        assert "evil.example" not in response.content.decode()

    def test_asks_to_save_first_what_was_typed_only(self, page: Client, lab: IdentityPeer) -> None:
        response = page.post(reverse("oauth-consents"), posted(sign_in_as="other@contoso.test"))
        assert response.status_code == 409
        assert "Save first" in response.content.decode()
        assert 'value="other@contoso.test"' in response.content.decode()
        assert not ConsentRequest.objects.exists()

    def test_from_the_banner_works_with_the_saved_values(self, page: Client, lab: IdentityPeer) -> None:
        MailServerState.load().hold(HoldReason.RECONNECT, "", "invalid_grant: gone")
        banner = page.get(reverse("deliveries")).content.decode()
        assert f'action="{reverse("oauth-consents")}"' in banner
        assert lab.base in page.post(reverse("oauth-consents")).content.decode()

    def test_says_what_is_wrong_when_the_provider_is_away(self, page: Client, lab: IdentityPeer) -> None:
        use_oauth2(tenant_id="22222222-2222-3333-4444-555555555555")
        response = page.post(reverse("oauth-consents"))
        assert response.status_code == 400
        assert "Authenticate again" in response.content.decode()

    def test_sweeps_away_what_was_left_half_way_long_ago(self, page: Client, lab: IdentityPeer) -> None:
        begin(page)
        ConsentRequest.objects.update(created_at=timezone.now() - timedelta(days=2))
        begin(page)
        assert ConsentRequest.objects.get().created_at > timezone.now() - timedelta(minutes=1)

    def test_is_for_people_who_signed_in(self, lab: IdentityPeer) -> None:
        assert Client().post(reverse("oauth-consents"))["Location"].startswith("/sign-in/")


class TestTheWayHome:
    def test_connects_lets_held_mail_go_and_leaves_no_code_behind(self, page: Client, lab: IdentityPeer) -> None:
        MailServerState.load().hold(HoldReason.RECONNECT, "", "invalid_grant: gone")
        response = come_back(page, sign_in(page, lab))
        assert response["Location"] == "/mail-server/?mode=oauth2"
        text = page.get(response["Location"]).content.decode()
        assert f"Connected as {ACCOUNT}" in text
        assert (OAuthGrant.load().account, MailServerState.load().is_held) == (ACCOUNT, False)
        assert not ConsentRequest.objects.exists()

    def test_may_be_the_bare_address(self, page: Client, lab: IdentityPeer) -> None:
        answer = sign_in(page, lab)
        first = page.get(f"/?{urlencode(answer)}")
        assert first["Location"] == f"{CALLBACK}?{urlencode(answer)}"
        assert page.get(first["Location"])["Location"] == "/mail-server/?mode=oauth2"

    def test_may_be_pasted(self, page: Client, lab: IdentityPeer) -> None:
        address = lab.sign_in(begin(page), ACCOUNT)
        response = page.post(reverse("oauth-answers"), {"address": f"  {address}\n"})
        assert response["Location"] == "/mail-server/?mode=oauth2"
        assert OAuthGrant.load().state == OAuthGrant.State.CONNECTED

    def test_goes_on_to_the_name_that_the_session_belongs_to(
        self, page: Client, lab: IdentityPeer, settings: Any
    ) -> None:
        settings.PUBLIC_URL = "http://127.0.0.1:8000"
        stranger = Client(headers={"host": "localhost:8000"})
        response = stranger.get(f"{CALLBACK}?code=c&state=s")
        assert response["Location"] == f"http://127.0.0.1:8000{CALLBACK}?code=c&state=s"

    @pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:8000"])
    def test_goes_on_to_no_other_name(self, lab: IdentityPeer, settings: Any, host: str) -> None:
        settings.ALLOWED_HOSTS, settings.PUBLIC_URL = ["*"], "http://127.0.0.1:8000"
        response = Client(headers={"host": host}).get(f"{CALLBACK}?code=c&state=s")
        assert response.status_code == 400
        assert "Nobody is signed in" in response.content.decode()

    def test_without_a_session_puts_the_code_into_no_further_address(self, lab: IdentityPeer) -> None:
        response = Client().get(f"{CALLBACK}?code=the-code&state=s")
        assert "the-code" not in response.content.decode()
        assert "Location" not in response


class TestAnAnswerIsRefused:
    def refused(self, page: Client, answer: Any, says: str, before: dict[str, Any]) -> str:
        """In the address and pasted alike; what is stored stays as it is."""
        response = come_back(page, answer)
        text = unescape(response.content.decode())
        assert response.status_code == 400
        assert says in text
        assert f"the consent of {ACCOUNT} is kept as it was" in text
        assert row() == before
        return text

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"state": None}, "has no code and state in it"),
            ({"state": ""}, "has no code and state in it"),
            ({"state": "wrong"}, "nobody here asked for it"),
            ({"state": "\u0000"}, "nobody here asked for it"),
            ({"state": "x" * 20_000}, "has no code and state in it"),
            ({"code": None}, "has no code and state in it"),
            ({"iss": "https://accounts.google.com"}, "it came from accounts.google.com"),
            ({"code": "made-up"}, "invalid_grant"),
            ({"code": None, "error": "access_denied"}, "access_denied"),
            ({"code": None, "error": "consent_required", "error_description": "AADSTS65001: no"}, "AADSTS65001"),
        ],
    )
    def test_that_is_not_what_the_provider_gives(
        self, page: Client, lab: IdentityPeer, connected: Any, changes: dict[str, Any], says: str
    ) -> None:
        before = row()
        answer = {**sign_in(page, lab), **changes}
        self.refused(page, {name: value for name, value in answer.items() if value is not None}, says, before)

    def test_that_was_used_before(self, page: Client, lab: IdentityPeer, connected: dict[str, str]) -> None:
        self.refused(page, connected, "it was used before", row())

    def test_that_brings_an_old_code_with_a_new_state(
        self, page: Client, lab: IdentityPeer, connected: dict[str, str]
    ) -> None:
        before = row()
        fresh = sign_in(page, lab)
        self.refused(page, {**fresh, "code": connected["code"]}, "invalid_grant", before)

    def test_whose_state_was_burnt_by_a_refused_one(self, page: Client, lab: IdentityPeer, connected: Any) -> None:
        before = row()
        answer = sign_in(page, lab)
        self.refused(page, {**answer, "iss": "https://accounts.google.com"}, "it came from", before)
        self.refused(page, answer, "it was used before", before)

    def test_that_took_too_long(self, page: Client, lab: IdentityPeer, connected: Any) -> None:
        before = row()
        answer = sign_in(page, lab)
        ConsentRequest.objects.update(created_at=timezone.now() - CONSENT_LIFE - timedelta(seconds=1))
        self.refused(page, answer, "longer than ten minutes", before)

    def test_of_another_browser_session(self, page: Client, ada: User, lab: IdentityPeer, connected: Any) -> None:
        before, other = row(), Client()
        other.force_login(ada)
        self.refused(other, sign_in(page, lab), "in another browser session", before)

    def test_after_the_settings_were_saved(self, page: Client, lab: IdentityPeer, connected: Any) -> None:
        before = row()
        answer = sign_in(page, lab)
        use_oauth2(sender="Deployments <other@contoso.test>")
        self.refused(page, answer, "were changed meanwhile", before)

    def test_of_another_account(self, page: Client, lab: IdentityPeer, connected: Any) -> None:
        before = row()
        answer = sign_in(page, lab, "other@contoso.test")
        self.refused(page, answer, f"other@contoso.test signed in, but the settings say {ACCOUNT}", before)

    @pytest.mark.parametrize("name", ["state", "code", "iss"])
    def test_with_a_parameter_twice(self, page: Client, lab: IdentityPeer, connected: Any, name: str) -> None:
        before = row()
        answer = [*sign_in(page, lab).items(), (name, "again")]
        self.refused(page, answer, "has no code and state in it", before)

    def test_when_it_is_pasted_too(self, page: Client, lab: IdentityPeer, connected: dict[str, str]) -> None:
        before = row()
        address = f"http://localhost:63766/?{urlencode(connected)}"
        response = page.post(reverse("oauth-answers"), {"address": address})
        assert (response.status_code, row()) == (400, before)
        assert connected["code"] not in response.content.decode()

    @pytest.mark.parametrize("address", ["", "hello", "http://localhost:63766/", "http://[::1", "?code=\ud800&state=s"])
    def test_that_is_none(self, page: Client, lab: IdentityPeer, connected: Any, address: str) -> None:
        before = row()
        response = page.post(reverse("oauth-answers"), {"address": address.encode(errors="replace").decode()})
        assert (response.status_code, row()) == (400, before)

    def test_and_no_code_is_logged(
        self, page: Client, lab: IdentityPeer, connected: dict[str, str], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("DEBUG")
        self.refused(page, connected, "it was used before", row())
        assert CALLBACK in caplog.text
        assert connected["code"] not in caplog.text
        assert connected["state"] not in caplog.text


class TestTheCard:
    def text(self, page: Client) -> str:
        return unescape(page.get(reverse("mail-server"), {"mode": "oauth2"}).content.decode())

    def test_tells_who_consented_to_what(self, page: Client, lab: IdentityPeer, connected: Any) -> None:
        text = self.text(page)
        assert f"<dd>{ACCOUNT}</dd>" in text
        assert "SMTP.Send" in text
        assert "Connected</span>" in text.replace("Connected\n", "Connected")
        assert " by ada" in text

    def test_shows_no_token(self, page: Client, lab: IdentityPeer, connected: Any) -> None:
        grant = OAuthGrant.load()
        assert grant.access_token
        assert grant.access_token not in self.text(page)

    def test_says_why_somebody_has_to_authenticate_again(self, page: Client, lab: IdentityPeer, connected: Any) -> None:
        reason = "invalid_grant: AADSTS700082: The refresh token has expired due to inactivity."
        OAuthGrant.objects.update(state=OAuthGrant.State.RECONNECT_NEEDED, reason=reason)
        text = self.text(page)
        assert "Reconnect needed" in text
        assert "Microsoft's consent is over" in text
        assert "AADSTS700082" in text

    def test_knows_that_another_registration_needs_another_consent(
        self, page: Client, lab: IdentityPeer, connected: Any
    ) -> None:
        use_oauth2(client_id="another")
        text = self.text(page)
        assert "The consent was given to another registration" in text
        assert "Active · reconnect needed" in text

    def test_page_loads_when_the_provider_is_gone_from_the_file(
        self, page: Client, lab: IdentityPeer, connected: Any, settings: Any
    ) -> None:
        settings.PROVIDERS_FILE = ""
        assert "is not known any more" in self.text(page)

    def test_page_loads_when_the_file_itself_is_gone(
        self, page: Client, lab: IdentityPeer, connected: Any, settings: Any, tmp_path: Path
    ) -> None:
        settings.PROVIDERS_FILE = str(tmp_path / "gone.toml")
        assert "MAILADMIN_PROVIDERS_FILE cannot be used" in self.text(page)


class TestDisconnect:
    def test_asks_first(self, page: Client, lab: IdentityPeer, connected: Any) -> None:
        text = page.get(reverse("oauth-disconnection")).content.decode()
        assert f"the consent of {ACCOUNT}" in text
        assert "mail is held from then on" in text
        assert OAuthGrant.load().state == OAuthGrant.State.CONNECTED

    def test_forgets_everything(self, page: Client, lab: IdentityPeer, connected: Any) -> None:
        page.post(reverse("oauth-disconnection"))
        grant = OAuthGrant.load()
        assert (grant.state, grant.account, grant.cache, grant.access_token) == (OAuthGrant.State.NONE, "", "", "")

    def test_forgets_also_when_the_provider_is_not_known_any_more(
        self, page: Client, lab: IdentityPeer, connected: Any, settings: Any
    ) -> None:
        settings.PROVIDERS_FILE = ""
        response = page.post(reverse("oauth-disconnection"), follow=True)
        assert "did not take the consent back" in response.content.decode()
        assert OAuthGrant.load().state == OAuthGrant.State.NONE


class TestDisconnectFromGoogle:
    @pytest.fixture
    def connected(self, page: Client, google: GoogleStandIn, tmp_path: Path, settings: Any) -> None:
        providers_file(tmp_path, settings, google=google.provider(1))
        use_oauth2(provider="google.lab", client_id="google-desktop", client_secret="google-desktop-secret")
        address = google.consent(begin(page))
        assert page.post(reverse("oauth-answers"), {"address": address}).status_code == 302
        assert OAuthGrant.load().account == ACCOUNT

    def test_takes_the_consent_back_there(self, page: Client, google: GoogleStandIn, connected: None) -> None:
        token = OAuthGrant.load().access_token
        assert google.rules.introspect(token)["active"]
        text = page.post(reverse("oauth-disconnection"), follow=True).content.decode()
        assert f"Disconnected from {ACCOUNT}" in text
        assert not google.rules.introspect(token)["active"]
        assert OAuthGrant.load().state == OAuthGrant.State.NONE

    def test_tells_when_google_would_not(self, page: Client, google: GoogleStandIn, connected: None) -> None:
        google.revoke(ACCOUNT)
        text = page.post(reverse("oauth-disconnection"), follow=True).content.decode()
        assert "did not take the consent back: Google answered 400" in text
        assert OAuthGrant.load().state == OAuthGrant.State.NONE


class TestSaving:
    def save(self, page: Client, **changes: Any) -> Any:
        return page.post(reverse("mail-server-oauth2"), posted(**changes))

    def test_stores_the_next_version(self, page: Client, lab: IdentityPeer) -> None:
        version = MailServerSettings.load().version
        response = self.save(page, sender="New <new@contoso.test>")
        saved = MailServerSettings.load()
        assert response["Location"] == "/mail-server/"
        assert (saved.oauth2_sender, saved.version) == ("New <new@contoso.test>", version + 1)

    def test_a_secret_is_in_no_page(self, page: Client, lab: IdentityPeer) -> None:
        self.save(page, client_secret="the-secret-value")
        text = page.get(reverse("mail-server"), {"mode": "oauth2"}).content.decode()
        assert MailServerSettings.load().oauth2_client_secret == "the-secret-value"
        assert "the-secret-value" not in text
        assert "A secret is saved" in text

    def test_a_typed_secret_survives_an_error(self, page: Client, lab: IdentityPeer) -> None:
        refused = self.save(page, client_secret="the-secret-value", sender="nobody")
        self.save(page, use_kept_password="1")
        assert refused.status_code == 422
        assert "the-secret-value" not in refused.content.decode()
        assert MailServerSettings.load().oauth2_client_secret == "the-secret-value"

    def test_a_kept_secret_does_not_follow_to_another_client(self, page: Client, lab: IdentityPeer) -> None:
        self.save(page, client_secret="the-secret-value", sender="nobody")
        self.save(page, use_kept_password="1", client_id="another")
        assert MailServerSettings.load().oauth2_client_secret == ""

    def test_of_a_stale_version_shows_both_sides(self, page: Client, lab: IdentityPeer) -> None:
        mine = posted(sender="Mine <mine@contoso.test>", client_secret="the-secret-value")
        use_oauth2(sender="Theirs <theirs@contoso.test>")
        response = page.post(reverse("mail-server-oauth2"), mine)
        text = unescape(response.content.decode())
        assert response.status_code == 409
        assert "theirs@contoso.test" in text
        assert 'value="Mine <mine@contoso.test>"' in text
        assert "the-secret-value" not in text

    def test_a_form_without_errors_shows_what_is_saved(self, lab: IdentityPeer) -> None:
        form = OAuth2Form(posted(), saved=MailServerSettings.load())
        assert form.is_valid(), form.errors
        assert all(value == getattr(form.saved, column) for column, value in form.values().items())


class TestActiveMode:
    def test_is_confirmed_with_what_it_means(self, page: Client, lab: IdentityPeer) -> None:
        MailServerSettings.objects.update(active_mode=Mode.BASIC)
        saved = page.post(reverse("mail-server-oauth2"), posted(activate="1"))
        assert saved["Location"] == "/mail-server/active-mode/?mode=oauth2"
        text = page.get(saved["Location"]).content.decode()
        assert "No mail is queued." in text
        assert "OAuth2 is not connected" in text
        assert MailServerSettings.load().active_mode == Mode.BASIC

    def test_changes_with_the_confirmation(self, page: Client, lab: IdentityPeer) -> None:
        MailServerSettings.objects.update(active_mode=Mode.BASIC)
        version = MailServerSettings.load().version
        page.post(reverse("active-mode"), {"mode": "oauth2", "version": version})
        saved = MailServerSettings.load()
        assert (saved.active_mode, saved.version) == (Mode.OAUTH2, version + 1)

    def test_is_asked_for_again_when_somebody_saved_meanwhile(self, page: Client, lab: IdentityPeer) -> None:
        MailServerSettings.objects.update(active_mode=Mode.BASIC)
        response = page.post(reverse("active-mode"), {"mode": "oauth2", "version": 0})
        assert "Make OAuth2 the active mode?" in response.content.decode()
        assert MailServerSettings.load().active_mode == Mode.BASIC

    def test_is_none_that_has_no_values(self, page: Client, lab: IdentityPeer) -> None:
        response = page.post(reverse("active-mode"), {"mode": "basic", "version": 1}, follow=True)
        assert "Basic SMTP is not set up" in response.content.decode()
        assert MailServerSettings.load().active_mode == Mode.OAUTH2

    @pytest.mark.parametrize("mode", ["", "pigeon", "x" * 1000])
    def test_is_one_of_those_there_are(self, page: Client, lab: IdentityPeer, mode: str) -> None:
        assert page.post(reverse("active-mode"), {"mode": mode}).status_code == 404


@pytest.mark.parametrize("name", ["microsoft-oauth2", "google-oauth2"])
def test_a_guide_has_the_redirect_address_to_copy(page: Client, lab: IdentityPeer, name: str) -> None:
    text = page.get(reverse("guide", args=[name])).content.decode()
    assert '<pre id="redirect-uri" tabindex="0">http://localhost:63766/</pre>' in text


def test_there_is_no_other_guide(page: Client) -> None:
    assert page.get("/guides/..%2f..%2fsettings/").status_code == 404
