"""What the administrator does in OAuth2 mode, in Chromium."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.browser.conftest import is_complaint, set_up
from tests.panel import Panel
from tests.peers.identity import IdentityPeer

ACCOUNT = "sender@contoso.test"
# The habit of the original; nobody answers there, so its address is pasted.
NOBODY_THERE = "http://localhost:63766"


@contextmanager
def adas_window(chromium: Browser, panel: Panel) -> Iterator[BrowserContext]:
    """What the browser says against the panel's own pages fails the test; the provider's are not ours."""
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


def fill_in(page: Page, tenant: str, redirect_uri: str = "") -> None:
    """Microsoft's values, as they are copied from its portal."""
    page.goto("/mail-server/?mode=oauth2")
    page.select_option("#id_provider", "microsoft.lab")
    page.fill("#id_client_id", "ms-public")
    page.fill("#id_tenant_id", tenant)
    if redirect_uri:
        page.fill("#id_redirect_uri", redirect_uri)
    page.fill("#id_sender", f"Deployments <{ACCOUNT}>")


def save_and_make_active(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("main")).to_contain_text("Saved.")
    if page.locator("#mode-oauth2").get_by_text("Active").count() == 0:
        page.goto("/mail-server/active-mode/?mode=oauth2")
        page.get_by_role("button", name="Make OAuth2 active").click()
    expect(page.locator("#mode-oauth2")).to_contain_text("Active")


def authenticate(page: Page, peer: IdentityPeer) -> None:
    """As far as the provider's last button."""
    page.get_by_role("button", name="Authenticate").last.click()
    page.wait_for_url(f"{peer.base}/**")
    if page.locator("[name=login]").count():
        page.fill("[name=login]", ACCOUNT)
        page.fill("[name=password]", "any")
        page.click("button[type=submit]")
    page.get_by_role("button", name="Continue").click(no_wait_after=True)


def authenticate_by_paste(window: BrowserContext, page: Page, peer: IdentityPeer) -> tuple[Page, str]:
    """The page that says how it ended, and the address that was pasted; `page` failed to load it."""
    with page.expect_request(f"{NOBODY_THERE}/**") as failed:
        authenticate(page, peer)
    after = window.new_page()
    paste(after, failed.value.url)
    return after, failed.value.url


def paste(page: Page, address: str) -> None:
    page.goto("/mail-server/?mode=oauth2")
    page.fill("#id_address", address)
    page.click("text=Complete the sign-in")


def send_test_email(page: Page, to: str = "ops@peer.test") -> None:
    page.fill("#id_test_to", to)
    page.click("#send-test-email")
    expect(page.locator("#test-result")).to_contain_text("accepted by localhost (250", timeout=20_000)
