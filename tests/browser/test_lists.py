"""Lists at every width: nothing bursts their frame, and a phone is not led past a page of fields."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.panel import Panel

LONG = "0123456789abcdef" * 5
FILL = f"""
from tests import base
from notifications.models import Message
rule = base.a_notification(name="rule-{LONG}", outcomes=["partial", "failed"])
done = base.a_completion(name="deployment-of-{LONG}", package="{LONG}", source="{LONG}", outcome="partial")
mail = base.a_message("long.{LONG[:50]}@lists.test", completion=done, notification=rule)
Message.objects.filter(pk=mail.pk).update(subject="{LONG}")
base.a_message("it-reports@lists.test")
"""
EMPTY = (
    "from notifications.models import Completion, Message, Notification, Recipient; "
    "[row.message.delete() for row in Recipient.objects.filter(address__endswith='lists.test')]; "
    "Completion.objects.filter(name__startswith='deployment-of-').delete(); "
    "Notification.objects.filter(name__startswith='rule-').delete()"
)
BURST = """[...document.querySelectorAll(".table-frame")]
    .filter(frame => frame.scrollWidth > frame.clientWidth).map(frame => frame.outerHTML.slice(0, 200))"""
PAGES = ["/deliveries/?recipient=lists.test", "/completions/", "/notifications/", "/audit/"]


@pytest.fixture
def filled(panel: Panel) -> Iterator[Panel]:
    panel.shell(FILL)
    yield panel
    panel.shell(EMPTY)


@pytest.mark.parametrize("width", [1280, 1024, 390])
def test_one_long_word_bursts_no_frame(page: Page, filled: Panel, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    for path in PAGES:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(BURST) == [], path


@pytest.mark.parametrize("width", [1280, 1024])
def test_a_badge_lies_over_no_other_column(page: Page, filled: Panel, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/notifications/")
    badge, cell = page.locator("td .badge", has_text="Partly failed").first, page.locator("td.badged").first
    inner, outer = badge.bounding_box(), cell.bounding_box()
    assert inner
    assert outer
    assert inner["x"] + inner["width"] <= outer["x"] + outer["width"]


@pytest.mark.parametrize("width", [1280, 1024])
def test_a_short_address_stays_on_one_line(page: Page, filled: Panel, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/deliveries/?recipient=lists.test")
    box = page.get_by_text("it-reports@lists.test").bounding_box()
    assert box
    assert box["height"] < 30


def test_a_phone_unfolds_the_fields_on_demand(page: Page, filled: Panel) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/deliveries/")
    expect(page.locator("#id_text")).to_be_hidden()
    page.click(".filters-fold > summary")
    page.fill("#id_recipient", "lists.test")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#id_recipient")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(2)


def test_a_wide_page_has_the_fields_unfolded(page: Page, filled: Panel) -> None:
    page.goto("/deliveries/")
    expect(page.locator("#id_text")).to_be_visible()
    expect(page.locator(".filters-fold > summary")).to_be_hidden()


def test_on_a_phone_the_tick_stands_beside_the_subject(page: Page, filled: Panel) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/deliveries/?recipient=it-reports@lists.test")
    tick, subject = (page.locator(f"tbody tr {what}").first.bounding_box() for what in ("input", "a"))
    assert tick
    assert subject
    assert abs(tick["y"] - subject["y"]) < 10
    assert tick["x"] < subject["x"]


def test_a_recipient_takes_two_lines_beside_the_facts(page: Page, filled: Panel) -> None:
    page.goto("/deliveries/?recipient=it-reports@lists.test")
    page.click("tbody td a >> nth=0")
    box = page.locator("#recipients tbody tr").bounding_box()
    assert box
    assert box["height"] < 80
    ids = page.locator(".facts-list dd.across.raw")
    expect(ids).to_have_count(2)
    first = ids.first.bounding_box()
    assert first
    assert first["height"] < 30
