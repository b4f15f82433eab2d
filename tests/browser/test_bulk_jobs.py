"""Many mails at once, in Chromium and without JavaScript."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.panel import Panel

QUEUE = "from tests import base; [base.a_message(f'user{n}@bulk.test') for n in range(%d)]"
PAUSE = "from notifications.models import Safety; safety = Safety.load(); safety.paused = %s; safety.save()"
EMPTY = "from notifications.models import Recipient; [row.message.delete() for row in Recipient.objects.filter(%s)]"
OURS = "address__endswith='bulk.test'"


@pytest.fixture
def queued(panel: Panel) -> Iterator[Panel]:
    """With 14 mails that wait, because mail is paused."""
    panel.shell(PAUSE % True)
    panel.shell(QUEUE % 14)
    yield panel
    panel.shell(EMPTY % OURS)
    panel.shell(PAUSE % False)


def test_all_that_a_filter_matches_is_cancelled_after_a_question(page: Page, queued: Panel) -> None:
    page.goto("/deliveries/?recipient=bulk.test&state=queued")
    expect(page.locator("#bulk-all")).to_contain_text("All 14 that the filter shows:")
    page.click("text=Cancel all…")
    expect(page.locator("h1")).to_have_text("Cancel 14 mails?")
    page.click("button:text-is('Cancel 14 mails')")
    expect(page.locator("#bulk-job-state")).to_contain_text("Finished 14 of 14", timeout=30_000)
    page.click("text=Back to the deliveries")
    page.goto("/deliveries/?recipient=bulk.test&state=cancelled")
    expect(page.locator("tbody tr")).to_have_count(14)


def test_the_question_can_be_left_and_the_filter_is_as_it_was(page: Page, queued: Panel) -> None:
    page.goto("/deliveries/?recipient=bulk.test&state=queued")
    page.click("text=Cancel all…")
    page.click("text=Leave them queued")
    expect(page.locator("#id_recipient")).to_have_value("bulk.test")
    expect(page.locator("tbody tr")).to_have_count(14)


def test_ticks_outlive_the_polls_and_only_the_ticked_are_cancelled(page: Page, queued: Panel) -> None:
    page.goto("/deliveries/?recipient=bulk.test")
    with page.expect_response(lambda response: response.request.headers.get("hx-request") == "true", timeout=15_000):
        page.check("tbody tr >> nth=0 >> input")
        page.check("tbody tr >> nth=3 >> input")
    expect(page.locator("tbody input:checked")).to_have_count(2)
    page.click("#bulk >> text=Cancel 2…")
    page.click("button:text-is('Cancel 2 mails')")
    expect(page.locator("#bulk-job-state")).to_contain_text("Finished 2 of 2", timeout=30_000)


def test_the_buttons_say_how_many_are_ticked_one_by_one_in_a_range_and_all(page: Page, queued: Panel) -> None:
    page.goto("/deliveries/?recipient=bulk.test")
    button = page.locator("#bulk [value=cancel]")
    expect(button).to_be_disabled()
    page.locator("tbody input").nth(1).check()
    expect(button).to_have_text("Cancel 1…")
    page.locator("tbody input").nth(4).click(modifiers=["Shift"])
    expect(button).to_have_text("Cancel 4…")
    expect(page.locator("[data-ticked]")).to_have_text("4 ticked:")
    page.check("#tick-all")
    expect(button).to_have_text("Cancel 14…")
    page.uncheck("#tick-all")
    expect(button).to_be_disabled()


def test_on_a_phone_the_bar_comes_with_the_first_tick(page: Page, queued: Panel) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/deliveries/?recipient=bulk.test")
    expect(page.locator("#bulk")).not_to_be_in_viewport()
    page.locator("tbody input").first.check()
    expect(page.locator("#bulk")).to_be_in_viewport()
    expect(page.locator("#bulk-all")).to_be_hidden()


def test_without_javascript_a_reload_tells_how_far_it_is(
    chromium: Browser, queued: Panel, signed_in: dict[str, object]
) -> None:
    context = chromium.new_context(
        base_url=queued.url,
        storage_state=signed_in,
        java_script_enabled=False,  # type: ignore[arg-type]  # its own state
    )
    page = context.new_page()
    page.goto("/deliveries/?recipient=bulk.test")
    page.click("#bulk >> text=Cancel…")
    expect(page.locator("main")).to_contain_text("No mail is ticked.")
    page.click("text=Cancel all…")
    page.click("button:text-is('Cancel 14 mails')")
    for _ in range(60):
        if "Finished" in page.inner_text("#bulk-job-state"):
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.locator("#bulk-job-state")).to_contain_text("Finished 14 of 14")
    context.close()


def test_the_list_is_downloaded_as_it_is_filtered(page: Page, queued: Panel, tmp_path: Path) -> None:
    page.goto("/deliveries/?recipient=user7@bulk.test")
    with page.expect_download() as download:
        page.click("text=Export CSV")
    assert download.value.suggested_filename.startswith("deliveries-")
    download.value.save_as(tmp_path / "list.csv")
    (row,) = csv.DictReader(io.StringIO((tmp_path / "list.csv").read_text("utf-8-sig")))
    assert row["First recipient"] == "user7@bulk.test"
