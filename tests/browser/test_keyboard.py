"""The panel without a mouse: what keys do, and where the focus is afterwards."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.panel import Panel

MOVING = """() => [...document.querySelectorAll("*")].filter(one => {
  const { animationName, transitionDuration } = getComputedStyle(one);
  return animationName !== "none" || transitionDuration.split(", ").some(each => parseFloat(each) > 0);
}).map(one => one.outerHTML.slice(0, 80))"""


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_the_first_key_offers_to_skip_the_menu(page: Page) -> None:
    page.goto("/deliveries/")
    press(page, "Tab")
    link = page.get_by_role("link", name="Skip to the content")
    expect(link).to_be_focused()
    box = link.bounding_box()
    assert box
    assert box["width"] > 100
    press(page, "Enter")
    expect(page.locator("main")).to_be_focused()
    press(page, "Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_escape_closes_a_menu_and_leads_back_to_what_opened_it(page: Page) -> None:
    page.goto("/dashboard/")
    opener = page.locator(".bar-end summary")
    opener.focus()
    press(page, "Enter", "Tab")
    expect(page.get_by_role("link", name="Your account")).to_be_focused()
    press(page, "Escape")
    expect(page.get_by_role("link", name="Your account")).to_be_hidden()
    expect(opener).to_be_focused()


def test_on_a_phone_the_menu_is_walked_by_keys(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/dashboard/")
    press(page, "Tab", "Tab", "Space", "Tab", "Tab")
    expect(page.locator(".folded").get_by_role("link", name="Mail Server")).to_be_focused()
    press(page, "Enter")
    page.wait_for_url("**/mail-server/")


def test_enter_in_a_field_saves_the_form(page: Page) -> None:
    page.goto("/tokens/")
    page.focus("#id_name")
    page.keyboard.type("By Enter")
    press(page, "Enter")
    expect(page.locator("h1")).to_contain_text("By Enter")


def test_a_switch_is_switched_by_the_space_bar(page: Page, panel: Panel) -> None:
    panel.shell("from tests import base; base.a_notification(name='By Space')")
    page.goto("/notifications/")
    switch = page.get_by_role("switch", name="By Space, enabled")
    switch.focus()
    press(page, "Space")
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(switch).to_be_focused()


@pytest.mark.parametrize("path", ["/dashboard/", "/mail-server/", "/notifications/", "/notifications/new/"])
def test_nothing_moves_for_whom_that_is_too_much(page: Page, path: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    page.goto(path)
    assert page.evaluate(MOVING) == []
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(MOVING) != []


def test_a_moment_says_when_exactly_and_in_which_zone(page: Page) -> None:
    page.goto("/audit/")
    moment = page.locator("tbody .sub time").first
    expect(moment).to_have_text(re.compile(r"^\d+ \w+ ago$"))
    expect(moment).to_have_attribute("title", re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$"))
    expect(moment).to_have_attribute("datetime", re.compile(r"\+00:00$"))


def test_what_was_done_is_said_where_the_focus_is(page: Page) -> None:
    page.goto("/safety/")
    page.get_by_role("button", name="Save").focus()
    press(page, "Enter")
    expect(page.get_by_role("status").filter(has_text="Saved:")).to_be_focused()
    press(page, "Tab")
    expect(page.locator("#id_paused")).to_be_focused()
