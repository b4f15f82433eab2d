"""OAuth2 in Chromium: from an empty form over the provider's own pages to a mail that Postfix takes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli_w
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.browser.conftest import is_complaint, set_up
from tests.panel import Panel
from tests.peers.identity import IdentityPeer
from tests.peers.mail import MailPeer
from tests.peers.process import free_ports
from tests.tls_proxy import TlsProxy

ACCOUNT = "sender@contoso.test"
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
    """Ada's. What the browser says against the panel's own pages fails the test; the provider's are not ours."""
    context = chromium.new_context(base_url=panel.url, ignore_https_errors=True)
    complaints: list[str] = []
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("console", lambda line: complaints.append(line.text) if is_ours(line, panel) else None)
    set_up(context, panel)
    yield context
    context.close()
    assert complaints == []


def is_ours(line: ConsoleMessage, panel: Panel) -> bool:
    return bool(line.page and line.page.url.startswith(panel.url) and is_complaint(line.type, line.text))


@pytest.fixture
def page(window: BrowserContext) -> Iterator[Page]:
    page = window.new_page()
    yield page
    page.close()


def fill_in(page: Page, tenant: str, redirect_uri: str = "") -> None:
    page.goto("/mail-server/")
    page.click("#mode-oauth2")
    page.select_option("#id_provider", "microsoft.lab")
    page.fill("#id_client_id", "ms-public")
    page.fill("#id_tenant_id", tenant)
    if redirect_uri:
        page.fill("#id_redirect_uri", redirect_uri)
    page.fill("#id_sender", f"Deployments <{ACCOUNT}>")


def authenticate(page: Page, peer: IdentityPeer) -> None:
    """As far as the provider's last button."""
    page.get_by_role("button", name="Authenticate").last.click()
    page.wait_for_url(f"{peer.base}/**")
    if page.locator("[name=login]").count():
        page.fill("[name=login]", ACCOUNT)
        page.fill("[name=password]", "any")
        page.click("button[type=submit]")
    page.get_by_role("button", name="Continue").click(no_wait_after=True)


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

    page.fill("#id_test_to", "ops@peer.test")
    page.click("#send-test-email")
    expect(page.locator("#test-result")).to_contain_text("accepted by localhost (250", timeout=20_000)
    assert oauth_mail_peer.wait_for(1, to="ops@peer.test")[0]["From"] == f"Deployments <{ACCOUNT}>"


def test_where_the_browser_cannot_come_back_its_address_is_pasted(
    window: BrowserContext, page: Page, panel: Panel, identity_peer: IdentityPeer
) -> None:
    (nobody,) = free_ports(1)
    fill_in(page, identity_peer.tenant, f"http://localhost:{nobody}")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("#connection textarea")).to_be_visible()

    with page.expect_request(f"http://localhost:{nobody}/**") as failed:
        authenticate(page, identity_peer)
    assert "code=" in failed.value.url

    page = window.new_page()  # the failed one stays open for its address
    page.goto("/mail-server/?mode=oauth2")
    page.fill("#id_address", failed.value.url)
    page.click("text=Complete the sign-in")
    expect(page.locator("div[role=status]").last).to_contain_text(f"Connected as {ACCOUNT}")

    page.goto("/mail-server/?mode=oauth2")
    page.fill("#id_address", failed.value.url)
    page.click("text=Complete the sign-in")
    expect(page.locator("main")).to_contain_text("it was used before")


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

        page.fill("#id_test_to", "ops@peer.test")
        page.click("#send-test-email")
        expect(page.locator("#test-result")).to_contain_text("accepted by localhost (250", timeout=20_000)
        context.close()
