"""Invite somebody, come in as them, and see what they may not do."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.base import PASSWORD
from tests.panel import Panel


def invite(page: Page, whom: str, role: str) -> str:
    page.goto("/people/")
    page.get_by_label("For whom").fill(whom)
    page.get_by_label("Role").select_option(label=role)
    page.get_by_role("button", name="Make the link").click()
    return page.locator("#invitation-link").inner_text().strip()


def come_in(page: Page, link: str, name: str) -> None:
    page.goto(link)
    page.get_by_label("User name").fill(name)
    page.locator("#id_password1").fill(PASSWORD)
    page.locator("#id_password2").fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    page.wait_for_url("**/dashboard/")


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_a_viewer_comes_in_by_a_link_and_finds_no_save(
    page: Page, chromium: Browser, panel: Panel, scripts: bool
) -> None:
    name = "vera" if scripts else "vito"
    link = invite(page, "Vera of the second floor", "Viewer")
    context = chromium.new_context(base_url=panel.url, java_script_enabled=scripts)
    theirs = context.new_page()
    come_in(theirs, link, name)

    theirs.goto("/mail-server/")
    expect(theirs.get_by_text("Only administrators change this.")).to_be_visible()
    expect(theirs.get_by_role("button", name=re.compile("Save|Send Test"))).to_have_count(0)
    expect(theirs.get_by_label("SMTP Server", exact=True)).to_be_disabled()
    theirs.goto("/notifications/")
    expect(theirs.get_by_role("link", name="Add notification")).to_have_count(0)
    expect(theirs.get_by_role("navigation", name="Main").get_by_role("link", name="People")).to_have_count(0)
    theirs.goto("/people/")
    expect(theirs.get_by_role("heading", name="This is not for your account")).to_be_visible()

    # The link has done its work, and the administrator can send them home.
    theirs.goto(link)
    expect(theirs.get_by_role("heading", name="This link leads nowhere any more")).to_be_visible()
    page.goto("/people/")
    page.get_by_role("link", name=name).click()
    page.get_by_role("button", name="End all").click()
    theirs.goto("/deliveries/")
    expect(theirs).to_have_url(re.compile("/sign-in/"))
    context.close()


@pytest.mark.parametrize(("zone", "offset"), [("Asia/Tokyo", "+09:00"), ("Pacific/Marquesas", "-09:30")])
def test_times_are_those_of_the_browsers_clock_from_the_first_page_on(
    chromium: Browser, panel: Panel, signed_in: dict[str, object], zone: str, offset: str
) -> None:
    context = chromium.new_context(base_url=panel.url, timezone_id=zone)
    theirs = context.new_page()
    theirs.goto("/sign-in/?next=/account/")
    theirs.get_by_label("User name").fill("ada")
    theirs.get_by_label("Password").fill(PASSWORD)
    theirs.get_by_role("button", name="Sign in").click()
    theirs.wait_for_url("**/account/")
    expect(theirs.locator("time").first).to_have_attribute("datetime", re.compile(re.escape(offset) + "$"))

    theirs.get_by_label("Time zone").fill("Asia/Kathmandu")
    theirs.get_by_role("button", name="Save time zone").click()
    expect(theirs.get_by_text("Times are shown in Asia/Kathmandu.")).to_be_visible()
    expect(theirs.locator("time").first).to_have_attribute("datetime", re.compile(r"\+05:45$"))
    context.close()
