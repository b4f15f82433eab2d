"""A real browser on a whole panel: `manage.py up`, Chromium, and a person who sets it up."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.base import PASSWORD
from tests.panel import Panel
from tests.peers.need import CHROMIUM, need

# The whole package shares both: a start of each takes seconds. Package, not session: while playwright runs its event
# loop in this thread, Django refuses every query in it.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@pytest.fixture(scope="package")
def panel() -> Iterator[Panel]:
    with Panel() as panel:
        yield panel


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    need("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def signed_in(chromium: Browser, panel: Panel) -> dict[str, object]:
    """The cookies of the first administrator, who followed the link that the panel printed."""
    context = chromium.new_context()
    set_up(context, panel)
    state = context.storage_state()
    context.close()
    return dict(state)


def set_up(context: BrowserContext, panel: Panel) -> None:
    """Follow the link that the panel printed, as its first administrator."""
    page = context.new_page()
    page.goto(panel.setup_link)
    page.fill("#id_username", "ada")
    page.fill("#id_email", "ada@contoso.test")
    page.fill("#id_password1", PASSWORD)
    page.fill("#id_password2", PASSWORD)
    page.click("text=Make the first administrator")
    page.wait_for_url("**/mail-server/")
    page.close()


@pytest.fixture
def window(chromium: Browser, panel: Panel, signed_in: dict[str, object]) -> Iterator[BrowserContext]:
    """Ada's, 1280 wide; anything that the browser complains about fails the test."""
    context = chromium.new_context(
        base_url=panel.url,
        storage_state=signed_in,
        viewport={"width": 1280, "height": 900},  # type: ignore[arg-type]  # its own state
    )
    complaints: list[str] = []
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("console", lambda line: complaints.append(line.text) if is_complaint(line.type, line.text) else None)
    yield context
    context.close()
    assert complaints == []


@pytest.fixture
def page(window: BrowserContext) -> Page:
    return window.new_page()


def is_complaint(kind: str, text: str) -> bool:
    """A page that is answered with 4xx is logged as an error, and may be just what a test is about."""
    return kind in ("error", "warning") and "status of 4" not in text
