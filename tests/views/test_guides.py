"""The setup guides: the panel's own values to copy, and links to the pages of the portal that they name."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from notifications.models import MailServerSettings
from notifications.views.exchange_commands import policy_commands, roles_commands, smtp_auth_commands
from notifications.views.portals import Portal
from tests.oauth.lab import providers_file

CLIENT_ID = "0a1b2c3d-0000-0000-0000-000000000000"


@pytest.fixture
def graph(db: None) -> None:
    saved = MailServerSettings.load()
    values = {"client_id": CLIENT_ID, "tenant_id": "contoso.com", "sender": "Deployments <deploy@example.com>"}
    saved.save_version({f"graph_{name}": value for name, value in values.items()}, seen=saved.version)


def text_of(page: Client, name: str = "microsoft-graph") -> str:
    response = page.get(reverse("guide", args=[name]))
    assert response.status_code == 200
    return str(response.content.decode())


@pytest.mark.parametrize("name", ["microsoft-graph", "microsoft-oauth2", "google-oauth2"])
def test_each_has_links_that_tell_the_portal_nothing_of_the_panel(page: Client, name: str) -> None:
    links = [part for part in text_of(page, name).split("<a ") if 'href="https://' in part]
    assert links
    assert all('rel="noopener noreferrer"' in link for link in links)


@pytest.mark.parametrize("name", ["microsoft-graph", "microsoft-oauth2", "google-oauth2"])
def test_each_ends_with_the_mode_active(page: Client, name: str) -> None:
    text = text_of(page, name)
    assert "Save and make active" in text[text.index("Send Test Email") :]


def test_the_mailbox_that_signs_in_is_filled_in(page: Client) -> None:
    saved = MailServerSettings.load()
    saved.save_version({"oauth2_sign_in_as": "robot@contoso.com", "oauth2_cloud": "china"}, seen=saved.version)
    text = text_of(page, "microsoft-oauth2")
    assert "Set-CASMailbox -Identity &#x27;robot@contoso.com&#x27;" in text
    assert "O365China" in text


def test_there_is_no_other(page: Client) -> None:
    assert page.get(reverse("guide", args=["carrier-pigeon"])).status_code == 404


class TestGraph:
    def test_leads_to_the_apps_own_pages(self, page: Client, graph: None) -> None:
        text = text_of(page)
        menu = "https://entra.microsoft.com/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade"
        for blade in ("CallAnAPI", "Credentials"):
            assert f"{menu}/~/{blade}/appId/{CLIENT_ID}" in text

    def test_works_before_anything_is_saved(self, page: Client) -> None:
        text = text_of(page)
        assert "ApplicationsListBlade" in text
        assert "deploy@example.com" in text

    def test_fills_the_commands_in(self, page: Client, graph: None) -> None:
        text = text_of(page)
        assert f"New-ServicePrincipal -AppId &#x27;{CLIENT_ID}&#x27;" in text
        assert "New-ApplicationAccessPolicy" in text

    def test_has_a_place_that_the_warnings_lead_to(self, page: Client) -> None:
        assert 'id="new-secret"' in text_of(page)

    def test_names_the_pages_where_the_cloud_has_no_known_portal(
        self, page: Client, graph: None, tmp_path: Path, settings: Any
    ) -> None:
        table = {"login_host": "https://localhost:8453", "smtp_host": "localhost", "smtp_scope": "https://x/SMTP.Send"}
        providers_file(tmp_path, settings, microsoft={**table, "graph_host": "https://localhost:8445"})
        MailServerSettings.objects.update(graph_cloud="microsoft.lab")
        text = text_of(page)
        assert "<strong>API permissions</strong>" in text
        assert "https://localhost:8445" in text


class TestCommands:
    def test_limit_the_app_to_the_sender(self) -> None:
        text = roles_commands("global", CLIENT_ID, "deploy@example.com")
        assert "-RecipientRestrictionFilter 'PrimarySmtpAddress -eq ''deploy@example.com'''" in text
        for role in ("Application Mail.Send", "Application Mail.ReadWrite"):
            assert f"-Role '{role}' -CustomResourceScope 'mailadmin sender'" in text
        assert text.splitlines()[-1].startswith("Test-ServicePrincipalAuthorization")

    @pytest.mark.parametrize(
        ("cloud", "environment"), [("gcc-high", "O365USGovGCCHigh"), ("dod", "O365USGovDoD"), ("china", "O365China")]
    )
    def test_connect_to_the_cloud_that_is_chosen(self, cloud: str, environment: str) -> None:
        connect = f"Connect-ExchangeOnline -ExchangeEnvironmentName {environment}\n"
        for commands in (roles_commands, policy_commands):
            assert commands(cloud, CLIENT_ID, "a@b.example").startswith(connect)
        assert smtp_auth_commands(cloud, "a@b.example").startswith(connect)

    @pytest.mark.parametrize("quote", ["'", "\u2019", "\u201b"])
    def test_take_an_address_literally(self, quote: str) -> None:
        sender = f"o{quote}$(evil)@example.com"
        in_filter = f"''o{quote * 4}$(evil)@example.com''"
        assert in_filter in roles_commands("global", CLIENT_ID, sender)
        assert f"-Members 'o{quote * 2}$(evil)@example.com'" in policy_commands("global", CLIENT_ID, sender)
        assert f"-Identity 'o{quote * 2}$(evil)@example.com' " in smtp_auth_commands("global", sender)


class TestPortal:
    @pytest.mark.parametrize(
        ("portal", "host"),
        [
            ("portal.azure.com", "entra.microsoft.com"),
            ("portal.azure.us", "entra.microsoft.us"),
            ("portal.azure.cn", "portal.azure.cn"),
        ],
    )
    def test_is_that_of_the_cloud(self, portal: str, host: str) -> None:
        assert Portal(portal, "x").secrets.startswith(f"https://{host}/#view/")

    def test_of_nowhere_has_no_links(self) -> None:
        found = Portal("", "x")
        assert {found.registrations, found.secrets, found.service_principals, found.admin_center} == {""}
