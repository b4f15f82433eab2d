"""The consent is taken back at the provider while mail goes out: what the administrator sees, and how it ends."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from playwright.sync_api import Browser, BrowserContext, expect

from tests.browser.oauth2 import (
    ACCOUNT,
    NOBODY_THERE,
    adas_window,
    authenticate_by_paste,
    fill_in,
    save_and_make_active,
)
from tests.panel import Panel
from tests.peers.identity import IdentityPeer
from tests.peers.mail import MailPeer
from tests.waiting import wait_until

MAILS = 50


@pytest.fixture
def panel(identity_peer: IdentityPeer, oauth_mail_peer: MailPeer, tmp_path: Path) -> Iterator[Panel]:
    path = tmp_path / "providers.toml"
    path.write_text(tomli_w.dumps({"microsoft": {"lab": identity_peer.provider(oauth_mail_peer.starttls)}}))
    with Panel(MAILADMIN_PROVIDERS_FILE=str(path)) as panel:
        yield panel


@pytest.fixture
def window(chromium: Browser, panel: Panel) -> Iterator[BrowserContext]:
    with adas_window(chromium, panel) as window:
        yield window


def ready(panel: Panel) -> tuple[int, dict[str, Any]]:
    reply = panel.http.get(f"{panel.url}/readyz", timeout=10)
    return reply.status_code, reply.json()["mail_server"]


def states(panel: Panel) -> str:
    """Of mails, and of their tries."""
    return panel.shell(
        "from notifications.models import Attempt, Message; "
        "print(*sorted(set(Message.objects.values_list('state', flat=True))), "
        "*sorted(set(Attempt.objects.values_list('outcome', flat=True))))"
    )


def test_a_withdrawn_consent_turns_the_panel_red_and_authenticate_sends_what_waited(
    window: BrowserContext, panel: Panel, identity_peer: IdentityPeer, oauth_mail_peer: MailPeer
) -> None:
    panel.shell(
        "from notifications.models import MailServerSettings as S; from tests import base; "
        "S.load(); S.objects.update(oauth2_pace='unlimited'); base.a_notification()"
    )
    page = window.new_page()
    fill_in(page, identity_peer.tenant, NOBODY_THERE)
    save_and_make_active(page)
    page, _ = authenticate_by_paste(window, page, identity_peer)
    expect(page.locator("div[role=status]").last).to_contain_text(f"Connected as {ACCOUNT}")
    wait_until(lambda: ready(panel)[0] == 200, 30, "a panel that is well")
    panel.sign_in_tool()

    identity_peer.revoke(ACCOUNT)
    for number in range(MAILS):
        panel.report(number)
    wait_until(lambda: ready(panel)[0] == 503, 60, "a panel that is not")
    assert ready(panel)[1]["reason"] == "reconnect"
    page.goto("/deliveries/")
    banner = page.get_by_role("alert")
    expect(banner).to_contain_text("the consent is missing or was withdrawn")
    expect(banner).to_contain_text(f"{MAILS} mails waiting, none lost")
    assert states(panel) == "queued configuration"  # nothing that counts as a try
    assert oauth_mail_peer.mails() == []
    page.locator("#deliveries tbody a").first.click()
    expect(page.locator("#mail-state")).to_contain_text("Mail is held")
    watched = page

    page = window.new_page()
    page.goto("/notifications/")
    page, _ = authenticate_by_paste(window, page, identity_peer)
    expect(page.locator("div[role=status]").last).to_contain_text("Mail that was held goes out now")
    mails = oauth_mail_peer.wait_for(MAILS, seconds=60)
    assert len(mails) == len({mail["Message-ID"] for mail in mails}) == MAILS
    wait_until(lambda: ready(panel)[0] == 200, 30, "a panel that is well again")
    # The page that was open all the while, without a reload.
    expect(watched.locator("#story")).to_contain_text("Accepted by the mail server")
    expect(watched.locator("#mail-state")).to_contain_text("Mail is flowing")
    page.goto("/deliveries/")
    expect(page.get_by_role("alert")).to_have_count(0)
