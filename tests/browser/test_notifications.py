"""A rule is made, looked at, tried on what happened and sent to oneself, in Chromium and without JavaScript."""

import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect

from tests.base import PASSWORD
from tests.panel import Panel

SLOW = 20_000


@pytest.fixture
def plain(chromium: Browser, panel: Panel, signed_in: dict[str, object]) -> Iterator[BrowserContext]:
    """Ada's, on a phone and without JavaScript."""
    context = chromium.new_context(
        base_url=panel.url,
        storage_state=signed_in,  # type: ignore[arg-type]  # its own state
        java_script_enabled=False,
        viewport={"width": 390, "height": 844},
    )
    yield context
    context.close()


def report(page: Page, outcome: str, name: str) -> None:
    page.goto("/completions/new/")
    page.fill("#id_name", name)
    page.fill("#id_source", "browser")
    page.fill("#id_id", uuid.uuid4().hex)
    page.fill("#id_targets", f"PC-001 {outcome} exit code 1603")
    page.click("main button[type=submit]")
    page.wait_for_url("**/completions/*-*/")


def mail_of(preview: FrameLocator) -> FrameLocator:
    return preview.frame_locator("iframe")


def shown_preview(page: Page) -> FrameLocator:
    return page.frame_locator(".preview-frame:not([hidden])")


def test_a_rule_is_tried_before_it_is_trusted(page: Page) -> None:
    report(page, "failed", "Seven to Lab")
    report(page, "success", "Seven to Sales")

    page.goto("/notifications/new/")
    page.fill("#id_name", f"Failures {uuid.uuid4().hex}")
    page.get_by_label("Failed", exact=True).check()
    page.fill("#id_to", "ops@contoso.test")
    page.select_option(
        "#id_example", label=page.locator("#id_example option", has_text="Seven to Lab").first.inner_text()
    )

    # A click in the list goes where the cursor was, and the preview follows by itself.
    page.fill("#id_subject_template", "Look: ")
    page.click('[data-insert="{{ name }}"]')
    expect(page.locator("#id_subject_template")).to_have_value("Look: {{ name }}")
    expect(shown_preview(page).locator("#subject")).to_have_text("Look: Seven to Lab", timeout=SLOW)

    page.fill("#id_text_template", "a\n{{ nothing }}")
    expect(shown_preview(page).locator(".explanation")).to_contain_text("Line 2", timeout=SLOW)
    page.fill("#id_text_template", "<script>alert(1)</script> {{ counts }}")
    body = mail_of(shown_preview(page)).locator("body")
    expect(body).to_contain_text("<script>alert(1)</script> 1 of 1 target failed", timeout=SLOW)
    page.get_by_role("button", name="Reset to the default of the Text").click()
    expect(body).to_contain_text("See the whole report", timeout=SLOW)

    page.get_by_text("320", exact=True).click()
    assert page.locator(".preview-frame:not([hidden])").bounding_box()["width"] == 320  # type: ignore[index]  # it is shown

    page.click("text=Would it have sent?")
    expect(page.locator("#trial h3")).to_contain_text("Would have told of 1 of the last", timeout=SLOW)
    expect(page.locator("#trial")).to_be_focused()
    assert page.url.endswith("/notifications/new/")

    with page.context.expect_page() as opened:
        page.click("#send-to-me")
    expect(opened.value.locator("h1")).to_have_text("Look: Seven to Lab")
    expect(opened.value.locator("#story")).to_contain_text("Accepted by the mail server", timeout=SLOW)
    opened.value.close()
    # All of that was one step of this page: Back leaves it.
    page.once("dialog", lambda dialog: dialog.accept())
    page.go_back()
    assert "/completions/" in page.url


def test_the_rule_is_tried_without_javascript_as_well(plain: BrowserContext) -> None:
    page = plain.new_page()
    report(page, "failed", "Eight to Lab")
    page.goto("/notifications/new/")
    page.fill("#id_name", "Without a script")
    page.fill("#id_to", "ops@contoso.test")
    page.fill("#id_subject_template", "Plain: {{ name }}")

    page.click("text=Show the preview")
    preview = page.frame_locator("iframe[name=notification-preview]")
    expect(preview.locator("#subject")).to_have_text("Plain: Eight to Lab", timeout=SLOW)
    expect(mail_of(preview).locator("body")).to_contain_text("Eight to Lab")

    page.click("text=Would it have sent?")
    expect(page.locator("#trial h3")).to_contain_text("Would have told of", timeout=SLOW)
    expect(page.locator("#id_subject_template")).to_have_value("Plain: {{ name }}")

    with plain.expect_page() as opened:
        page.click("#send-to-me")
    expect(opened.value.locator("h1")).to_have_text("Plain: Eight to Lab")

    page.click("main .save-bar button[type=submit]")
    expect(page.locator("main")).to_contain_text("“Without a script” was added")


def test_the_simulator_takes_what_one_picks_or_filters_for(page: Page) -> None:
    report(page, "failed", "Nine to Lab")
    page.goto("/notifications/simulator/")
    page.click(".picks a >> text=Nine to Lab")
    expect(page.locator("#verdicts h2")).to_have_text("Nine to Lab")
    page.fill("#id_text", "nothing like this")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("main")).to_contain_text("No completion fits this filter")


def test_what_was_typed_when_the_session_ended_is_back_after_the_sign_in(
    chromium: Browser, panel: Panel, signed_in: dict[str, object]
) -> None:
    context = chromium.new_context(base_url=panel.url, storage_state=signed_in)  # type: ignore[arg-type]  # its own state
    page = context.new_page()
    name = f"Typed {uuid.uuid4().hex}"
    page.goto("/notifications/new/")
    page.fill("#id_name", name)
    page.get_by_label("Failed", exact=True).check()
    page.fill("#id_to", "ops@contoso.test")
    page.get_by_label("Every full hour").check()
    context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Add notification").click()

    expect(page.get_by_text("what you typed was not saved")).to_be_visible()
    page.get_by_label("User name").fill("ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_text("is back in the form")).to_be_visible()
    expect(page.locator("#id_name")).to_have_value(name)
    expect(page.get_by_label("Failed", exact=True)).to_be_checked()
    expect(page.get_by_label("Success", exact=True)).not_to_be_checked()
    expect(page.get_by_label("Every full hour")).to_be_checked()
    page.get_by_role("button", name="Add notification").click()
    expect(page.get_by_text("was added: 1 recipient.")).to_be_visible()
    # It has done its work.
    page.goto("/notifications/new/")
    expect(page.locator("#id_name")).to_have_value("")
    context.close()


def test_two_windows_that_save_a_notification_lose_nothing(window: BrowserContext, page: Page) -> None:
    page.goto("/notifications/new/")
    name = f"Shared {uuid.uuid4().hex}"
    page.fill("#id_name", name)
    page.fill("#id_to", "ops@contoso.test")
    page.get_by_role("button", name="Add notification").click()
    mine, theirs = page, window.new_page()
    for one in (mine, theirs):
        one.goto("/notifications/")
        one.get_by_role("link", name=name, exact=True).click()
    theirs.fill("#id_to", "theirs@contoso.test")
    theirs.get_by_role("button", name="Save", exact=True).click()
    theirs.wait_for_url("**/notifications/")

    mine.fill("#id_to", "mine@contoso.test")
    mine.get_by_role("button", name="Save", exact=True).click()
    expect(mine.get_by_role("row", name="To theirs@contoso.test mine@contoso.test")).to_be_visible()
    mine.get_by_role("button", name="Save mine anyway").first.click()
    mine.wait_for_url("**/notifications/")
    mine.get_by_role("link", name=name, exact=True).click()
    expect(mine.locator("#id_to")).to_have_value("mine@contoso.test")
