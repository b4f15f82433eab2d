"""A long list as a file: how far it is, stopped, broken off, and whole."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.panel import Panel
from tests.waiting import wait_until

ROWS = 40_000
MANY = f"""
from notifications.models import Completion
common = {{"kind": "deployment", "source": "export", "outcome": "success", "digest": "x"}}
rows = (Completion(external_id=str(n), name=f"Job {{n}}", **common) for n in range({ROWS}))
Completion.objects.bulk_create(rows, batch_size=5000)
"""
NONE = "from notifications.models import Completion; Completion.objects.filter(source='export')._raw_delete('default')"
LIST = "/completions/?source=export"


@pytest.fixture(scope="module")
def long_list(panel: Panel) -> Iterator[Panel]:
    panel.shell(MANY)
    yield panel
    panel.shell(NONE)


def begin(page: Page) -> None:
    page.goto(LIST)
    page.get_by_role("link", name="Export CSV").click()
    expect(page.locator(".export progress")).to_be_visible()
    expect(page.locator(".export")).to_contain_text(re.compile(r"[1-9][\d,]* of 40,000 rows"))


def test_tells_how_far_it_is_and_saves_all_of_it(page: Page, long_list: Panel) -> None:
    with page.expect_download() as download:
        begin(page)
    expect(page.locator(".export [role=status]")).to_have_text("40,000 rows exported")
    assert len(download.value.path().read_text("utf-8-sig").splitlines()) == ROWS + 1
    expect(page.get_by_role("link", name="Export CSV")).to_be_focused()


def test_can_be_stopped(page: Page, long_list: Panel) -> None:
    begin(page)
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".export [role=status]")).to_have_text("Stopped: nothing was saved.")
    expect(page.get_by_role("link", name="Export CSV")).to_be_visible()


def test_says_when_it_broke_off(chromium: Browser, signed_in: dict[str, object], long_list: Panel) -> None:
    context = chromium.new_context(
        base_url=long_list.url,
        storage_state=signed_in,  # type: ignore[arg-type]  # its own state
    )
    page = context.new_page()
    begin(page)
    long_list.kill_child("web")
    expect(page.locator(".export [role=status]")).to_have_text("The export broke off. Try again.")
    context.close()
    wait_until(long_list.is_ready, 60, "the next web process")


def test_leads_to_the_sign_in_once_the_session_is_over(page: Page, long_list: Panel) -> None:
    page.goto(LIST)
    page.context.clear_cookies()
    page.get_by_role("link", name="Export CSV").click()
    page.wait_for_url("**/sign-in/**")
