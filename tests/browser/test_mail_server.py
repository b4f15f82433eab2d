"""A new administrator's first minutes, in Chromium and without JavaScript."""

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.panel import Panel

PAGES = (
    "/mail-server/",
    "/notifications/",
    "/deliveries/",
    "/completions/",
    "/inbox/",
    "/tokens/",
    "/api/v1/docs",
    "/nothing/",
)


def test_a_test_email_goes_from_queued_to_accepted_on_the_page_and_into_the_inbox(page: Page) -> None:
    page.goto("/mail-server/")
    expect(page.locator("#id_test_to")).to_have_value("ada@contoso.test")
    page.click("#send-test-email")
    expect(page.locator("#test-result")).to_contain_text("accepted by 127.0.0.1 (250", timeout=20_000)
    assert page.url.endswith("/mail-server/")
    expect(page.locator("#first-steps li").first).to_have_attribute("data-tone", "ok")

    page.click("text=Read it in the inbox")
    expect(page.frame_locator("iframe").locator("body")).to_contain_text("It works")


def test_odd_blanks_are_asked_about_beside_the_password_that_was_typed(page: Page) -> None:
    page.goto("/mail-server/")
    page.fill("#id_server", "127.0.0.1:1")
    page.fill("#id_user", "ops")
    page.fill("#id_password", "abcd\u00a0efgh")
    page.click("#send-test-email")
    expect(page.locator("#id_blanks")).to_contain_text("a no-break space (U+00A0)")
    expect(page.locator("#id_password")).to_have_value("abcd\u00a0efgh")
    page.get_by_label("Save it without them").check()
    page.click("#send-test-email")
    expect(page.locator("#test-result")).to_contain_text("What to do:", timeout=20_000)


def test_a_failed_test_says_what_to_do_and_leaves_the_form_alone(page: Page) -> None:
    page.goto("/mail-server/")
    page.fill("#id_server", "127.0.0.1:1")
    page.fill("#id_user", "ops")
    page.fill("#id_password", "typed")
    page.click("#send-test-email")
    expect(page.locator("#test-result")).to_contain_text("What to do:", timeout=20_000)
    expect(page.locator("#test-result")).to_be_focused()
    expect(page.locator("#id_password")).to_have_value("typed")


def test_a_refused_test_points_at_the_field(page: Page) -> None:
    page.goto("/mail-server/")
    page.fill("#id_server", "mail.x.com:587:1")
    page.click("#send-test-email")
    page.click("#test-result a")
    expect(page.locator("#id_server")).to_be_focused()


def test_a_test_clears_what_a_refused_save_marked(page: Page) -> None:
    page.goto("/mail-server/")
    server = page.locator("#id_server").input_value()
    page.fill("#id_server", "mail.x.com:587:1")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Nothing was saved yet.")).to_be_visible()
    expect(page.locator("#id_server")).to_have_attribute("aria-invalid", "true")

    page.fill("#id_server", server)
    page.click("#send-test-email")
    expect(page.locator("#test-result .steps")).to_be_visible()
    expect(page.get_by_text("Nothing was saved yet.")).to_have_count(0)
    expect(page.locator(".mode-form .error, .mode-form [aria-invalid]")).to_have_count(0)


def test_the_port_is_told_while_one_types(page: Page) -> None:
    page.goto("/mail-server/")
    hint = page.locator("[data-port-hint]")
    page.fill("#id_server", "mail.example.com")
    page.select_option("#id_security", "tls")
    expect(hint).to_have_text("→ port 465")
    page.select_option("#id_security", "starttls")
    expect(hint).to_have_text("→ port 587")
    page.fill("#id_server", "[2001:db8::1]:2525")
    expect(hint).to_have_text("→ port 2525")


def test_the_tick_is_asked_for_only_where_a_password_would_travel_in_clear(page: Page) -> None:
    page.goto("/mail-server/")
    tick = page.get_by_label("Send the password without encryption")
    expect(tick).to_be_hidden()
    page.fill("#id_user", "ops")
    page.select_option("#id_security", "none")
    expect(tick).to_be_visible()
    page.select_option("#id_security", "tls")
    expect(tick).to_be_hidden()


def test_enter_beside_the_test_button_sends_the_test(page: Page) -> None:
    page.goto("/mail-server/")
    page.press("#id_test_to", "Enter")
    expect(page.locator("#test-result .steps")).to_be_visible()
    assert page.url.endswith("/mail-server/")


def test_two_windows_that_save_lose_nothing(window: BrowserContext, page: Page) -> None:
    mine, theirs = page, window.new_page()
    for one in (mine, theirs):
        one.goto("/mail-server/")
    theirs.fill("#id_sender", "Theirs <theirs@contoso.test>")
    theirs.get_by_role("button", name="Save", exact=True).click()
    expect(theirs.locator("p[role=status], div[role=status]").first).to_contain_text("Saved.")

    mine.fill("#id_sender", "Mine <mine@contoso.test>")
    mine.get_by_role("button", name="Save", exact=True).click()
    expect(mine.locator("table")).to_contain_text("theirs@contoso.test")
    mine.get_by_role("button", name="Save mine anyway").first.click()
    expect(mine.locator("#id_sender")).to_have_value("Mine <mine@contoso.test>")


def test_the_copy_button_says_that_it_copied(window: BrowserContext, page: Page) -> None:
    window.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/mail-server/")
    page.click("text=Copy")
    expect(page.locator(".copy")).to_have_text("Copied")
    assert "/api/v1/completions" in page.evaluate("navigator.clipboard.readText()")


def test_the_copy_button_marks_the_text_where_there_is_no_clipboard(page: Page) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.goto("/completions/new/")
    page.click("text=Copy")
    expect(page.locator(".copy")).to_have_text("Press Ctrl+C")
    assert page.evaluate("getSelection().toString()").startswith("curl ")


def test_dark_is_one_click_away(page: Page) -> None:
    page.goto("/mail-server/")
    page.click("text=ada >> nth=0")
    page.click("text=Dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.click("text=ada >> nth=0")
    page.get_by_role("button", name="System").click()
    expect(page.locator("html")).not_to_have_attribute("data-theme", "dark")


@pytest.mark.parametrize("width", [320, 390, 800, 1280])
def test_no_page_is_wider_than_the_window(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for path in PAGES:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} at {width}"


def test_on_a_phone_the_menu_unfolds(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto("/mail-server/")
    page.click("[aria-label=Menu]")
    page.click("text=Deliveries >> visible=true")
    page.wait_for_url("**/deliveries/")


def test_without_javascript_a_test_opens_beside_the_form(
    chromium: Browser, panel: Panel, signed_in: dict[str, object]
) -> None:
    context = chromium.new_context(base_url=panel.url, storage_state=signed_in, java_script_enabled=False)  # type: ignore[arg-type]  # its own state
    page = context.new_page()
    page.goto("/mail-server/")
    page.fill("#id_sender", "Unsaved <unsaved@contoso.test>")
    with context.expect_page() as opened:
        page.click("#send-test-email")
    expect(opened.value.locator("#test-result")).to_contain_text("accepted by 127.0.0.1", timeout=20_000)
    expect(page.locator("#id_sender")).to_have_value("Unsaved <unsaved@contoso.test>")
    expect(page.locator(".copy").first).to_be_hidden()
    context.close()
