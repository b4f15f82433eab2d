"""The page that people keep open: from a fresh install to the first mail, without a reload."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import is_complaint, set_up
from tests.panel import Panel
from tests.smtp_sink import SmtpSink
from tests.waiting import wait_until

BETWEEN_POLLS = 11_000
# What the browser and htmx say of a request that a test cut off itself.
CUT_OFF = ("ERR_FAILED", "htmx:sendError", "htmx:afterRequest")
STEPS = ("server", "test", "notification", "token", "completion", "people")


@pytest.fixture(scope="module")
def fresh() -> Iterator[Panel]:
    """A panel of this module's own: the others' is no fresh install any more."""
    with Panel() as panel:
        wait_until(lambda: worker_is_seen(panel), 30, "the worker's first look for mail")
        yield panel


@pytest.fixture(scope="module")
def ada(chromium: Browser, fresh: Panel) -> Iterator[BrowserContext]:
    context = chromium.new_context(base_url=fresh.url, viewport={"width": 1280, "height": 900})
    set_up(context, fresh)
    yield context
    context.close()


@pytest.fixture(scope="module")
def lived_in(fresh: Panel) -> Panel:
    """No fresh install any more: the story of one comes first."""
    fresh.shell("from tests import base; base.a_completion()")
    return fresh


@pytest.fixture
def dashboard(ada: BrowserContext) -> Iterator[Page]:
    """Ada's, with a clock that can be put forward."""
    page, complaints = ada.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if is_complaint(line.type, line.text) else None)
    page.clock.install()
    page.goto("/")
    yield page
    page.close()
    assert [text for text in complaints if not any(word in text for word in CUT_OFF)] == []


def worker_is_seen(panel: Panel) -> bool:
    return bool(panel.http.get(f"{panel.url}/readyz", timeout=5).json()["worker"]["ok"])


def state_of(panel: Panel) -> str:
    return str(panel.http.get(f"{panel.url}/readyz", timeout=5).json()["mail_server"]["state"])


def poll(page: Page) -> None:
    with page.expect_response(lambda response: "/dashboard/?seen=" in response.url):
        page.clock.fast_forward(BETWEEN_POLLS)


def ticked(page: Page) -> list[str]:
    return [step for step in STEPS if page.locator(f'[data-step="{step}"][data-tone="ok"]').count()]


def expect_ticks(page: Page, *steps: str) -> None:
    poll(page)
    for step in steps:
        expect(page.locator(f'[data-step="{step}"]')).to_have_attribute("data-tone", "ok")
    assert ticked(page) == [step for step in STEPS if step in steps]


def test_a_fresh_installs_steps_tick_themselves_while_one_looks(
    fresh: Panel, ada: BrowserContext, dashboard: Page
) -> None:
    assert dashboard.url.endswith("/dashboard/")
    expect(dashboard.locator("#alive-title")).to_have_text("Ready to send")
    expect(dashboard.locator(".alive")).to_contain_text("into the built-in inbox: nothing leaves this machine")
    assert ticked(dashboard) == []
    expect(dashboard.locator(".chart")).to_have_count(0)

    other = ada.new_page()
    other.goto("/mail-server/")
    other.click("#send-test-email")
    expect(other.locator("#test-result")).to_contain_text("accepted by 127.0.0.1 (250", timeout=20_000)
    other.close()
    expect_ticks(dashboard, "test")
    expect(dashboard.locator(".vitals")).to_contain_text("by the mail server")
    expect(dashboard.locator(".chart")).to_have_count(0)

    with SmtpSink() as sink:
        fresh.use(sink)
        expect_ticks(dashboard, "server", "test", "notification")
        fresh.sign_in_tool()
        expect_ticks(dashboard, "server", "test", "notification", "token")
        fresh.report(1)
    poll(dashboard)
    expect(dashboard.locator(".recent").first).to_contain_text("Deployment 1")
    expect(dashboard.locator(".chart")).to_have_count(2)
    fresh.shell("from tests import base; base.operator()")
    poll(dashboard)
    expect(dashboard.locator("#next-steps")).to_have_count(0)


def test_a_mail_server_that_refuses_the_sign_in_turns_the_page_and_its_title_red(fresh: Panel, dashboard: Page) -> None:
    held = "MailServerState.load().hold(HoldReason.SIGN_IN, '535 5.7.8', 'authentication failed')"
    fresh.shell(f"from notifications.models import *; {held}")
    poll(dashboard)
    expect(dashboard.locator(".alive")).to_have_attribute("data-tone", "failed")
    expect(dashboard).to_have_title("Mail is held: the mail server rejected the sign-in · Dashboard · mailadmin")
    expect(dashboard.locator("#announcement")).to_have_text("Mail is held: the mail server rejected the sign-in")
    expect(dashboard.locator("#mend")).to_have_text("Try again now")
    fresh.shell("from notifications.models import *; MailServerState.load().release()")
    poll(dashboard)
    expect(dashboard.locator("#alive-title")).to_have_text("Mail is flowing")


def test_an_open_page_tells_what_became_of_a_try(lived_in: Panel, ada: BrowserContext) -> None:
    with SmtpSink(users={"ops": "right"}) as sink:
        values = {"host": sink.host, "port": sink.port, "user": "ops"}
        use = f"from tests import base; base.use_smtp(**{values!r}, password="
        lived_in.shell(f"{use}'wrong'); base.a_message()")
        wait_until(lambda: state_of(lived_in) == "held", 30, "the refused sign-in")
        page = ada.new_page()
        page.goto("/deliveries/")
        page.click("#banner-try")
        expect(page.locator("#mail-banner")).to_contain_text("without success (535", timeout=20_000)
        lived_in.shell(f"{use}'right')")
        wait_until(lambda: sink.mails, 30, "the mail that waited")
        expect(page.locator("#mail-banner")).to_contain_text("Mail goes out again.", timeout=20_000)
        page.close()


def test_a_poll_closes_nothing_moves_nothing_and_keeps_the_focus(lived_in: Panel, dashboard: Page) -> None:
    dashboard.click("#days-table-summary")
    dashboard.focus("#all-completions")
    before = dashboard.locator("#all-completions").bounding_box()
    poll(dashboard)
    expect(dashboard.locator("#days-table tbody tr")).to_have_count(14)
    expect(dashboard.locator("#days-table tbody")).to_be_visible()
    expect(dashboard.locator("#all-completions")).to_be_focused()
    assert dashboard.locator("#all-completions").bounding_box() == before


def test_text_that_is_being_marked_is_left_alone(dashboard: Page) -> None:
    asked: list[str] = []
    dashboard.on("request", lambda request: asked.append(request.url) if "seen=" in request.url else None)
    dashboard.locator("#alive-title").select_text()
    dashboard.clock.fast_forward(BETWEEN_POLLS)
    dashboard.evaluate("getSelection().removeAllRanges()")
    assert asked == []
    poll(dashboard)


def test_a_panel_that_does_not_answer_is_not_shown_as_alive(dashboard: Page) -> None:
    note = dashboard.get_by_text("The panel does not answer.")
    expect(note).to_be_hidden()
    dashboard.route("**/dashboard/?seen=*", lambda route: route.abort())
    dashboard.clock.fast_forward(BETWEEN_POLLS)
    expect(note).to_be_visible()
    dashboard.unroute("**/dashboard/?seen=*")
    poll(dashboard)
    expect(note).to_be_hidden()


@pytest.mark.parametrize("width", [320, 390, 800, 1280])
@pytest.mark.parametrize("path", ["/dashboard/", "/health/"])
def test_is_not_wider_than_the_window(dashboard: Page, path: str, width: int) -> None:
    dashboard.set_viewport_size({"width": width, "height": 800})
    dashboard.goto(path)
    assert dashboard.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_javascript_everything_is_there(chromium: Browser, lived_in: Panel, ada: BrowserContext) -> None:
    context = chromium.new_context(
        base_url=lived_in.url,
        storage_state=ada.storage_state(),
        java_script_enabled=False,
    )
    page = context.new_page()
    page.goto("/dashboard/")
    expect(page.locator("#alive-title")).to_have_text("Mail is flowing")
    page.click("#days-table-summary")
    expect(page.locator("#days-table tbody")).to_be_visible()
    page.click("text=Health >> visible=true")
    expect(page.locator("#health")).to_contain_text("Worker")
    context.close()
