"""OAuth2 in Chromium: from an empty form over the provider's own pages to a mail that Postfix takes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli_w
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import set_up
from tests.browser.oauth2 import (
    ACCOUNT,
    NOBODY_THERE,
    adas_window,
    authenticate,
    authenticate_by_paste,
    fill_in,
    paste,
    save_and_make_active,
    send_test_email,
)
from tests.panel import Panel
from tests.peers.identity import IdentityPeer
from tests.peers.mail import MailPeer
from tests.tls_proxy import TlsProxy

WIDTHS = (320, 390, 800, 1280)


@pytest.fixture(scope="module")
def operators_file(
    _identity: IdentityPeer, _oauth_mail_servers: MailPeer, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Adds the lab as a cloud."""
    path = tmp_path_factory.mktemp("panel") / "providers.toml"
    path.write_text(tomli_w.dumps({"microsoft": {"lab": _identity.provider(_oauth_mail_servers.starttls)}}))
    return path


@pytest.fixture(scope="module")
def panel(operators_file: Path) -> Iterator[Panel]:
    with Panel(MAILADMIN_PROVIDERS_FILE=str(operators_file)) as panel:
        yield panel


@pytest.fixture(scope="module")
def window(chromium: Browser, panel: Panel) -> Iterator[BrowserContext]:
    with adas_window(chromium, panel) as window:
        yield window


@pytest.fixture
def page(window: BrowserContext) -> Iterator[Page]:
    page = window.new_page()
    yield page
    page.close()


def test_authenticate_comes_back_by_localhost_and_mail_goes_out(
    page: Page, panel: Panel, identity_peer: IdentityPeer, oauth_mail_peer: MailPeer
) -> None:
    fill_in(page, identity_peer.tenant, f"http://localhost:{panel.port}/")
    page.get_by_role("button", name="Save and make active").click()
    expect(page.locator("main")).to_contain_text("OAuth2 is not connected")
    page.get_by_role("button", name="Make OAuth2 active").click()
    expect(page.locator("#mode-oauth2")).to_contain_text("Active · not connected")

    authenticate(page, identity_peer)
    page.wait_for_url(f"{panel.url}/mail-server/?mode=oauth2")
    expect(page.locator("#connection")).to_contain_text(ACCOUNT)
    expect(page.locator("#mode-oauth2")).to_contain_text("Active · ok")

    send_test_email(page)
    assert oauth_mail_peer.wait_for(1, to="ops@peer.test")[0]["From"] == f"Deployments <{ACCOUNT}>"


def test_where_the_browser_cannot_come_back_its_address_is_pasted_and_mail_goes_out(
    window: BrowserContext, page: Page, panel: Panel, identity_peer: IdentityPeer, oauth_mail_peer: MailPeer
) -> None:
    fill_in(page, identity_peer.tenant, NOBODY_THERE)
    save_and_make_active(page)
    expect(page.locator("#connection textarea")).to_be_visible()

    after, address = authenticate_by_paste(window, page, identity_peer)
    assert "code=" in address
    expect(after.locator("div[role=status]").last).to_contain_text(f"Connected as {ACCOUNT}")

    send_test_email(after)
    after.click("text=The conversation with the server")
    expect(after.locator("#test-result")).to_contain_text("AUTH XOAUTH2")
    (test,) = oauth_mail_peer.wait_for(1, to="ops@peer.test")
    assert (test["From"], test["Return-Path"]) == (f"Deployments <{ACCOUNT}>", f"<{ACCOUNT}>")

    paste(after, address)
    expect(after.locator("main")).to_contain_text("it was used before")


def test_a_report_over_the_api_and_one_on_the_page_both_reach_the_maildir(
    window: BrowserContext, page: Page, panel: Panel, identity_peer: IdentityPeer, oauth_mail_peer: MailPeer
) -> None:
    fill_in(page, identity_peer.tenant, NOBODY_THERE)
    save_and_make_active(page)
    after, _ = authenticate_by_paste(window, page, identity_peer)
    expect(after.locator("div[role=status]").last).to_contain_text("Connected as")
    panel.shell("from tests import base; base.a_notification(to=['ops@peer.test'])")
    panel.sign_in_tool()

    panel.report(1, name="Chrome 131 to Lab")
    after.goto("/completions/new/")
    after.fill("#id_name", "7-Zip 24.08 to Lab")
    after.select_option("#id_outcome", "failed")
    after.get_by_role("button", name="Report").last.click()
    after.wait_for_url("**/completions/*-*/")

    mails = oauth_mail_peer.wait_for(2, to="ops@peer.test")
    subjects = " ".join(sorted(mail["Subject"] for mail in mails))
    assert len(mails) == 2
    assert "7-Zip 24.08 to Lab" in subjects
    assert "Chrome 131 to Lab" in subjects
    assert {mail["Return-Path"] for mail in mails} == {f"<{ACCOUNT}>"}
    after.goto("/deliveries/")
    expect(after.locator("#deliveries")).not_to_contain_text("Queued")


def test_only_what_the_provider_asks_for_is_on_the_form(page: Page, panel: Panel) -> None:
    page.goto("/mail-server/?mode=oauth2")
    page.select_option("#id_provider", "microsoft")
    expect(page.locator("#id_cloud")).to_be_visible()
    page.select_option("#id_provider", "google")
    expect(page.locator("#id_cloud")).to_be_hidden()
    expect(page.locator("#id_tenant_id")).to_be_hidden()


def test_values_that_are_typed_only_are_saved_before_anybody_consents(page: Page, panel: Panel) -> None:
    page.goto("/mail-server/?mode=oauth2")
    page.fill("#id_sign_in_as", "other@contoso.test")
    page.get_by_role("button", name="Authenticate").click()
    expect(page.locator(".error-summary")).to_contain_text("Save first")
    expect(page.locator("#id_sign_in_as")).to_have_value("other@contoso.test")


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_the_window(page: Page, panel: Panel, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for path in (
        "/mail-server/?mode=oauth2",
        "/mail-server/oauth/callback?code=x&state=y",
        "/mail-server/oauth/disconnection/",
        "/guides/microsoft-oauth2/",
        "/guides/google-oauth2/",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} at {width}"


def test_a_confidential_client_comes_back_to_the_panels_own_https_address(
    chromium: Browser, identity_peer: IdentityPeer, oauth_mail_peer: MailPeer, operators_file: Path
) -> None:
    with (
        TlsProxy() as proxy,
        Panel(MAILADMIN_PROVIDERS_FILE=str(operators_file), PUBLIC_URL=proxy.base, TRUST_PROXY_HEADERS="on") as panel,
    ):
        proxy.port = panel.port
        identity_peer.set(redirect_uris=[f"{proxy.base}/mail-server/oauth/callback"])
        context = chromium.new_context(base_url=proxy.base, ignore_https_errors=True)
        set_up(context, panel)
        page = context.new_page()
        fill_in(page, identity_peer.tenant)
        expect(page.locator("#id_redirect_uri")).to_have_value(f"{proxy.base}/mail-server/oauth/callback")
        page.fill("#id_client_id", "ms-conf")
        page.fill("#id_client_secret", "ms-conf-secret")
        page.get_by_role("button", name="Save", exact=True).click()

        authenticate(page, identity_peer)
        page.wait_for_url(f"{proxy.base}/mail-server/?mode=oauth2")
        expect(page.locator("#connection")).to_contain_text(ACCOUNT)
        expect(page.locator("#mode-oauth2")).to_contain_text("Standby · connected")

        send_test_email(page)
        assert oauth_mail_peer.wait_for(1, to="ops@peer.test")[0]["From"] == f"Deployments <{ACCOUNT}>"
        context.close()
