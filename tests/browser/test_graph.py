"""Microsoft Graph in Chromium: from an empty card to a mail that Microsoft's stand-in takes."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import is_complaint, set_up
from tests.graph.wire import Kind
from tests.graph_stand_in import GraphStandIn
from tests.panel import Panel
from tests.waiting import wait_until

SENDER = "sender@contoso.test"
GRAPH = "/mail-server/?mode=graph"
WIDTHS = (320, 390, 800, 1280)


@pytest.fixture(scope="module")
def panel(_graph: GraphStandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panel]:
    file = tmp_path_factory.mktemp("panel") / "providers.toml"
    file.write_text(_graph.providers_toml())
    with Panel(MAILADMIN_PROVIDERS_FILE=str(file)) as panel:
        yield panel


@pytest.fixture(scope="module")
def window(chromium: Browser, panel: Panel) -> Iterator[BrowserContext]:
    context = chromium.new_context(base_url=panel.url)
    complaints: list[str] = []
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    context.on("console", lambda line: complaints.append(line.text) if is_complaint(line.type, line.text) else None)
    set_up(context, panel)
    yield context
    context.close()
    assert complaints == []


@pytest.fixture
def page(window: BrowserContext) -> Iterator[Page]:
    page = window.new_page()
    yield page
    page.close()


@pytest.fixture
def plain(chromium: Browser, window: BrowserContext, panel: Panel) -> Iterator[Page]:
    """Ada's browser without JavaScript."""
    context = chromium.new_context(
        base_url=panel.url,
        storage_state=window.storage_state(),
        java_script_enabled=False,
    )
    yield context.new_page()
    context.close()


def fill_in(page: Page, graph: GraphStandIn, secret: str = GraphStandIn.client_secret, days: int = 400) -> None:
    page.goto(GRAPH)
    page.select_option("#id_cloud", "microsoft.lab")
    page.fill("#id_client_id", graph.client_id)
    page.fill("#id_tenant_id", graph.tenant)
    page.fill("#id_client_secret", secret)
    page.fill("#id_secret_expires", str(timezone.localdate() + timedelta(days=days)))
    page.fill("#id_sender", f"Deployments <{SENDER}>")


def save(page: Page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("main")).to_contain_text("Saved. ")


def test_from_an_empty_card_to_the_active_mode(page: Page, graph: GraphStandIn) -> None:
    page.goto("/mail-server/")
    page.click("#mode-graph")
    expect(page.locator("#permissions")).to_contain_text("Save the values above first")
    fill_in(page, graph)

    # What is typed is tested before anything is saved.
    page.fill("#id_test_to", "ops@peer.test")
    page.click("#send-test-email")
    expect(page.locator("#test-result")).to_contain_text("accepted by Microsoft (202)", timeout=20_000)
    assert graph.wait_for(1)[0].recipients == ("ops@peer.test",)

    page.get_by_role("button", name="Save and make active").click()
    expect(page.locator("main")).to_contain_text("Mail goes out by Basic SMTP now")
    page.get_by_role("button", name="Make Microsoft Graph active").click()
    expect(page.locator("#mode-graph")).to_contain_text("Active · ok")

    page.fill("#id_test_to", "later@peer.test")
    page.click("#send-test-email")
    expect(page.locator("#test-result")).to_contain_text("accepted by Microsoft (202)", timeout=20_000)
    page.reload()
    expect(page.locator("#permissions")).to_contain_text("Mails go by drafts")


def test_permissions_are_told_in_place_with_what_is_typed_still_there(page: Page, graph: GraphStandIn) -> None:
    fill_in(page, graph)
    save(page)
    graph.login.roles = {"Mail.Send"}
    page.goto(GRAPH)
    page.fill("#id_sender", "typed@contoso.test")
    page.get_by_role("button", name="Check permissions").click()
    expect(page.locator("#permissions .badge")).to_have_text(["present", "missing", "not needed"])
    expect(page.locator("#permissions")).to_be_focused()
    expect(page.locator("#id_sender")).to_have_value("typed@contoso.test")


def test_a_secret_that_is_wrong_is_explained(page: Page, graph: GraphStandIn) -> None:
    fill_in(page, graph, secret="no-such-secret")
    save(page)
    page.get_by_role("button", name="Check permissions").click()
    expect(page.locator("#permissions .banner")).to_contain_text("The client secret is wrong")


def test_permissions_are_told_without_javascript(plain: Page, graph: GraphStandIn) -> None:
    fill_in(plain, graph)
    save(plain)
    plain.get_by_role("button", name="Check permissions").click()
    expect(plain.locator("#permissions .badge")).to_have_text(["present", "present", "not needed"])
    assert len(graph.calls(Kind.TOKEN)) == 1


@pytest.mark.parametrize("browser", ["page", "plain"])
def test_a_refused_form_takes_the_focus(browser: str, request: pytest.FixtureRequest) -> None:
    window: Page = request.getfixturevalue(browser)
    window.goto(GRAPH)
    window.fill("#id_tenant_id", "common")
    window.get_by_role("button", name="Save", exact=True).click()
    expect(window.locator(".error-summary")).to_be_focused()


def test_what_is_typed_is_not_left_unasked(page: Page) -> None:
    page.goto(GRAPH)
    page.fill("#id_client_id", "typed")
    asked: list[str] = []
    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.click("#mode-basic", no_wait_after=True)
    wait_until(lambda: page.evaluate("true") and len(asked) == 1, 10, "the question")
    expect(page.locator("#id_client_id")).to_have_value("typed")

    page.once("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.click("#mode-basic", no_wait_after=True)
    page.wait_for_url("**/mail-server/?mode=basic")
    assert asked == ["beforeunload", "beforeunload"]


def test_nothing_is_asked_where_nothing_was_typed(page: Page) -> None:
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(GRAPH)
    page.fill("#id_test_to", "ops@peer.test")
    page.click("#mode-basic")
    page.wait_for_url("**/mail-server/?mode=basic")
    assert asked == []


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_wider_than_the_window(page: Page, graph: GraphStandIn, width: int) -> None:
    fill_in(page, graph, days=5)
    save(page)
    page.get_by_role("button", name="Check permissions").click()
    expect(page.locator("#permissions .badge")).to_have_count(3)
    page.set_viewport_size({"width": width, "height": 800})
    for path in (GRAPH, "/guides/microsoft-graph/", "/mail-server/?mode=basic"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{path} at {width}"
