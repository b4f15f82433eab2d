"""Google in Chromium, by a stand-in that follows its documents, to a mail that Postfix takes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import tomli_w
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.oauth2 import ACCOUNT, adas_window, save_and_make_active, send_test_email
from tests.google_stand_in import GoogleStandIn
from tests.panel import Panel
from tests.peers.mail import MailPeer


@pytest.fixture
def panel(google: GoogleStandIn, google_mail_peer: MailPeer, tmp_path: Path) -> Iterator[Panel]:
    path = tmp_path / "providers.toml"
    path.write_text(tomli_w.dumps({"google": {"lab": google.provider(google_mail_peer.starttls)}}))
    with Panel(MAILADMIN_PROVIDERS_FILE=str(path)) as panel:
        yield panel


@pytest.fixture
def window(chromium: Browser, panel: Panel) -> Iterator[BrowserContext]:
    with adas_window(chromium, panel) as window:
        yield window


def fill_in(page: Page, redirect_uri: str) -> None:
    page.goto("/mail-server/?mode=oauth2")
    page.select_option("#id_provider", "google.lab")
    expect(page.locator("#id_tenant_id")).to_be_hidden()
    page.fill("#id_client_id", "google-desktop")
    page.fill("#id_client_secret", "google-desktop-secret")
    page.fill("#id_redirect_uri", redirect_uri)
    page.fill("#id_sender", f"Deployments <{ACCOUNT}>")


def test_authenticate_at_google_and_mail_goes_out(
    window: BrowserContext, panel: Panel, google: GoogleStandIn, google_mail_peer: MailPeer
) -> None:
    page = window.new_page()
    fill_in(page, f"http://localhost:{panel.port}/")
    save_and_make_active(page)

    page.get_by_role("button", name="Authenticate").last.click()
    page.wait_for_url(f"{google.base}/**")
    expect(page.locator("body")).to_contain_text(f"Signed in as {ACCOUNT}")
    page.get_by_role("button", name="Allow").click(no_wait_after=True)
    page.wait_for_url(f"{panel.url}/mail-server/?mode=oauth2")
    expect(page.locator("#connection")).to_contain_text(ACCOUNT)
    expect(page.locator("#connection")).to_contain_text("https://mail.google.com/")
    expect(page.locator("#mode-oauth2")).to_contain_text("Active · ok")
    # The client secret was needed, and is in no page.
    assert "google-desktop-secret" not in page.content()

    send_test_email(page)
    (mail,) = google_mail_peer.wait_for(1, to="ops@peer.test")
    assert (mail["From"], mail["Return-Path"]) == (f"Deployments <{ACCOUNT}>", f"<{ACCOUNT}>")
