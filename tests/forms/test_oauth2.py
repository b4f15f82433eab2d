"""The checks of OAuth2's values, the same for the page and for a file."""

import json
from pathlib import Path
from typing import Any

import pytest

from notifications.forms.oauth2 import OAuth2Form, initial_of
from notifications.forms.redirect_uri import default_redirect_uri
from notifications.forms.test_email import draft_of
from notifications.models import MailServerSettings
from notifications.models.fields import Unreadable
from tests.oauth.lab import providers_file

TENANT = "11111111-2222-3333-4444-555555555555"
CALLBACK = "https://panel.example.com/mail-server/oauth/callback"
VALUES = {
    "provider": "microsoft",
    "client_id": "0a1b2c3d-0000-0000-0000-000000000000",
    "tenant_id": TENANT,
    "redirect_uri": "http://localhost:63766",
    "sender": "Deployments <deploy@example.com>",
}
GOOGLE = {**VALUES, "provider": "google", "tenant_id": "", "client_secret": "GOCSPX-x"}
SECRET = "kept~value"


def saved(active_mode: str = "basic", **columns: Any) -> MailServerSettings:
    """Not in the database: the form only looks at it."""
    values = {name: VALUES[name] for name in ("provider", "client_id", "tenant_id", "redirect_uri", "sender")}
    return MailServerSettings(
        active_mode=active_mode, **{f"oauth2_{name}": value for name, value in (values | columns).items()}
    )


def form_of(in_force: MailServerSettings | None = None, **values: Any) -> OAuth2Form:
    return OAuth2Form({**VALUES, **values}, saved=in_force or MailServerSettings())


def values_of(in_force: MailServerSettings | None = None, **values: Any) -> dict[str, Any]:
    form = form_of(in_force, **values)
    assert form.is_valid(), form.errors
    return form.values()


def refusal(field: str, in_force: MailServerSettings | None = None, **values: Any) -> str:
    errors = form_of(in_force, **values).errors
    assert set(errors) == {field}
    return " ".join(errors[field])


@pytest.fixture
def lab(tmp_path: Path, settings: Any) -> None:
    microsoft = {"login_host": "https://localhost:8453", "smtp_host": "localhost", "smtp_scope": "https://x/SMTP.Send"}
    google = {"authorization_endpoint": "https://localhost/a", "token_endpoint": "https://localhost/t"}
    providers_file(tmp_path, settings, microsoft=microsoft, google={**google, "smtp_host": "localhost"})


class TestValues:
    def test_the_rest_has_defaults(self) -> None:
        assert values_of() == {
            **{f"oauth2_{name}": value for name, value in VALUES.items()},
            "oauth2_cloud": "global",
            "oauth2_client_secret": "",
            "oauth2_sign_in_as": "",
            "oauth2_port": None,
            "oauth2_security": "starttls",
            "oauth2_connect_timeout": 10,
            "oauth2_total_timeout": 300,
            "oauth2_most_recipients": None,
            "oauth2_pace": "exchange_online",
        }

    def test_what_is_saved_reads_back_as_the_same(self) -> None:
        in_force = saved(cloud="dod", sign_in_as="robot@example.com", port=2587, client_secret=SECRET)
        values = values_of(in_force, **initial_of(in_force))
        assert all(value == getattr(in_force, column) for column, value in values.items())

    def test_what_is_shown_has_no_secret(self) -> None:
        assert SECRET not in str(OAuth2Form(saved=saved(client_secret=SECRET)))

    @pytest.mark.parametrize(("given", "saved_as"), [("", None), (250, 250)])
    def test_recipients_per_message_are_the_providers_where_none_are_given(self, given: Any, saved_as: Any) -> None:
        assert values_of(most_recipients=given)["oauth2_most_recipients"] == saved_as

    @pytest.mark.parametrize("cloud", ["gcc-high", "dod", "china"])
    def test_microsoft_has_clouds(self, cloud: str) -> None:
        assert values_of(cloud=cloud)["oauth2_cloud"] == cloud

    def test_google_has_none(self) -> None:
        assert values_of(**{**GOOGLE, "cloud": "dod"})["oauth2_cloud"] == "global"

    def test_each_cloud_names_the_server_that_mail_goes_through(self) -> None:
        names = dict(OAuth2Form.base_fields["cloud"].choices)  # type: ignore[attr-defined]  # a ChoiceField's
        assert names["global"] == "Global (smtp.office365.com)"
        assert names["china"] == "China, 21Vianet (smtp.partner.outlook.cn)"

    def test_a_cloud_of_the_administrators_own_is_refused(self) -> None:
        assert "not one of the choices" in refusal("cloud", cloud="https://evil.example")

    @pytest.mark.parametrize("field", ["client_id", "tenant_id", "redirect_uri", "sign_in_as", "sender"])
    @pytest.mark.parametrize("char", ["\x01", "\x00", "\r\n", "\u2028"])
    def test_a_control_character_is_refused_everywhere(self, field: str, char: str) -> None:
        value = {**VALUES, "sign_in_as": "robot@example.com"}[field]
        assert refusal(field, **{field: f"{value[:9]}{char}auth=Bearer x{value[9:]}"})


class TestProvider:
    def test_may_be_one_that_the_operator_added(self, lab: None) -> None:
        assert values_of(provider="microsoft.lab")["oauth2_provider"] == "microsoft.lab"
        assert form_of(provider="microsoft.lab").fields["provider"].choices[2:] == [
            ("microsoft.lab", "microsoft.lab"),
            ("google.lab", "google.lab"),
        ]

    @pytest.mark.parametrize("provider", ["microsoft.other", "yahoo", "", "https://evil.example"])
    def test_is_one_of_those_there_are(self, lab: None, provider: str) -> None:
        assert refusal("provider", provider=provider)

    def test_page_loads_with_a_file_that_cannot_be_read(self, settings: Any, tmp_path: Path) -> None:
        settings.PROVIDERS_FILE = str(tmp_path / "nothing.toml")
        assert values_of()["oauth2_provider"] == "microsoft"


class TestTenant:
    @pytest.mark.parametrize(
        "tenant", [TENANT, TENANT.upper(), "contoso.onmicrosoft.com", "common", "organizations", "consumers"]
    )
    def test_is_a_guid_a_domain_or_a_shared_one(self, tenant: str) -> None:
        assert values_of(tenant_id=tenant)["oauth2_tenant_id"] == tenant.lower()

    @pytest.mark.parametrize(
        "tenant",
        ["", "contoso", "../common", "evil.example/..", "a b.com", "x.com#", "-a.com", "a..b", "a." * 130 + "a"],
    )
    def test_is_nothing_else(self, tenant: str) -> None:
        assert refusal("tenant_id", tenant_id=tenant)

    def test_is_blank_for_google(self, lab: None) -> None:
        for provider in ("google", "google.lab"):
            assert "Google knows no tenants" in refusal(
                "tenant_id", **{**GOOGLE, "provider": provider, "tenant_id": TENANT}
            )


class TestSecret:
    def test_is_optional_for_microsoft(self) -> None:
        assert values_of(client_secret=" with~blanks ")["oauth2_client_secret"] == "with~blanks"
        assert values_of()["oauth2_client_secret"] == ""

    @pytest.mark.parametrize("provider", ["google", "google.lab"])
    def test_is_required_for_google(self, lab: None, provider: str) -> None:
        assert "Google wants" in refusal("client_secret", **{**GOOGLE, "provider": provider, "client_secret": ""})

    def test_s_id_is_not_its_value(self) -> None:
        assert "ID of a secret" in refusal("client_secret", client_secret=f" {TENANT.upper()} ")

    @pytest.mark.parametrize("char", ["\x01", "\x00", "\n", "\x7f"])
    def test_has_no_control_character(self, char: str) -> None:
        assert refusal("client_secret", client_secret=f"a{char}b")

    def test_is_kept_when_none_is_given(self) -> None:
        assert values_of(saved(client_secret=SECRET))["oauth2_client_secret"] == SECRET

    @pytest.mark.parametrize("bullets", ["••••••••", "●●●"])
    def test_bullets_are_none(self, bullets: str) -> None:
        assert values_of(saved(client_secret=SECRET), client_secret=bullets)["oauth2_client_secret"] == SECRET

    def test_can_be_removed(self) -> None:
        assert values_of(saved(client_secret=SECRET), clear_client_secret=True)["oauth2_client_secret"] == ""

    def test_is_either_entered_or_removed(self) -> None:
        assert "not both" in refusal("client_secret", client_secret="new~value", clear_client_secret="on")

    @pytest.mark.parametrize(
        ("changes", "word"),
        [
            ({"client_id": "another"}, "client ID"),
            ({"cloud": "china"}, "cloud"),
            ({"provider": "google", "tenant_id": ""}, "provider and the tenant"),
            ({"tenant_id": "organizations"}, "tenant"),
            ({"provider": "microsoft.lab"}, "provider"),
        ],
    )
    def test_that_is_saved_follows_to_no_other_place(self, lab: None, changes: dict[str, str], word: str) -> None:
        assert f"the {word} w" in refusal("client_secret", saved(client_secret=SECRET), **changes)

    def test_moves_when_it_is_entered_again(self) -> None:
        values = values_of(saved(client_secret=SECRET), cloud="china", client_secret="new~value")
        assert (values["oauth2_cloud"], values["oauth2_client_secret"]) == ("china", "new~value")

    def test_that_cannot_be_read_is_not_sent(self) -> None:
        form = form_of(saved(client_secret=Unreadable(b"x")))
        assert form.is_valid()
        assert form.sends_unreadable_secret()


class TestRedirectUri:
    @pytest.mark.parametrize(
        "uri",
        [
            CALLBACK,
            "http://localhost:63766",
            "http://localhost",
            "http://localhost/",
            "http://127.0.0.1:5000/x",
            "http://[::1]:5000",
            "https://other.example:8443/path?with=query",
        ],
    )
    def test_is_https_or_of_this_machine(self, uri: str) -> None:
        assert values_of(redirect_uri=uri)["oauth2_redirect_uri"] == uri

    @pytest.mark.parametrize(
        ("uri", "says"),
        [
            ("http://panel.example.com/", "Use https://"),
            ("http://localhost.evil.example/", "Use https://"),
            ("http://127.0.0.2/", "Use https://"),
            ("javascript:alert(1)", "whole address"),
            ("//panel.example.com/", "whole address"),
            ("https://", "whole address"),
            ("https://panel.example.com:0/", "whole address"),
            ("https://panel.example.com:99999/", "no address"),
            ("https://[::1", "no address"),
            ("https://panel.example.com/#part", "fragment"),
            ("https://panel.example.com/#", "fragment"),
            ("https://user@panel.example.com/", "the user before"),
            ("http://localhost@evil.example/", "the user before"),
            ("https://panel.example.com\\@evil.example/", "whole address"),
            ("https://pänel.example.com/", "plain ASCII"),
            ("https://panel.example.com/a b", "plain ASCII"),
            (f"https://panel.example.com/{'x' * 256}", "longer than 256"),
        ],
    )
    def test_is_nothing_else(self, uri: str, says: str) -> None:
        assert says in refusal("redirect_uri", redirect_uri=uri)

    @pytest.mark.parametrize(
        ("public_url", "default"),
        [
            ("https://panel.example.com", CALLBACK),
            ("http://127.0.0.1:8000", "http://localhost:8000/mail-server/oauth/callback"),
            ("http://panel.internal:8000", "http://localhost:63766"),
        ],
    )
    def test_is_the_panels_own_where_providers_take_it(self, settings: Any, public_url: str, default: str) -> None:
        settings.PUBLIC_URL = public_url
        assert default_redirect_uri() == default
        assert values_of(redirect_uri="")["oauth2_redirect_uri"] == default


class TestSignInAs:
    def test_is_an_address(self) -> None:
        assert values_of(sign_in_as=" robot@Example.COM ")["oauth2_sign_in_as"] == "robot@example.com"

    @pytest.mark.parametrize("text", ["robot", "Robot <robot@example.com>", "a@example.com, b@example.com"])
    def test_is_nothing_else(self, text: str) -> None:
        assert refusal("sign_in_as", sign_in_as=text)


class TestTheWayToTheServer:
    def test_without_encryption_is_not_offered(self) -> None:
        assert refusal("security", security="none")

    def test_with_tls_from_the_start_has_googles_port_for_it(self) -> None:
        assert values_of(**{**GOOGLE, "security": "tls"})["oauth2_port"] == 465
        assert values_of(**{**GOOGLE, "security": "tls", "port": 2466})["oauth2_port"] == 2466

    def test_with_tls_from_the_start_is_not_microsofts(self) -> None:
        assert "STARTTLS only" in refusal("security", security="tls")

    @pytest.mark.parametrize("port", ["0", "65536", "x"])
    def test_has_a_port_that_there_is(self, port: str) -> None:
        assert refusal("port", port=port)

    def test_is_named_by_the_provider(self) -> None:
        for values, name in (
            ({}, "smtp.office365.com:587"),
            ({"cloud": "china"}, "smtp.partner.outlook.cn:587"),
            ({"port": "2525"}, "smtp.office365.com:2525"),
        ):
            form = form_of(**values)
            assert form.is_valid()
            assert form.server_name == name


class TestDraft:
    def draft(self, in_force: MailServerSettings, **values: Any) -> Any:
        form = form_of(in_force, **{**initial_of(in_force), **values})
        assert form.is_valid(), form.errors
        text = draft_of(form, in_force)
        return json.loads(text) if text else None

    def test_is_none_for_the_values_in_force(self) -> None:
        assert self.draft(saved(active_mode="oauth2"), pace="gmail") is None

    def test_of_a_mode_that_is_not_active_names_it(self) -> None:
        assert self.draft(saved(active_mode="basic"))["active_mode"] == "oauth2"

    def test_has_the_kept_secret_in_it(self) -> None:
        found = self.draft(saved(active_mode="oauth2", client_secret=SECRET), sender="new@example.com")
        assert (found["oauth2_client_secret"], found["oauth2_sender"]) == (SECRET, "new@example.com")
