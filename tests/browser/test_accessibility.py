"""Every page, empty and full, light and dark, wide and narrow: axe finds nothing, the browser complains of nothing."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from notifications.access import ACCESS
from tests.base import PASSWORD
from tests.browser.axe import Watch, findings
from tests.browser.conftest import set_up
from tests.browser.sitemap import NO_PAGES, ONCE, OUTSIDE, PAGES, paths
from tests.browser.tab import walk
from tests.panel import Panel

Found = dict[str, list[str]]
# Nobody asks it anything: it is there for the button on the page, and what is said when it sends nobody.
PROVIDER = {
    "OIDC_PROVIDER": "google",
    "OIDC_CLIENT_ID": "panel",
    "OIDC_CLIENT_SECRET": "secret",
    "OIDC_ALLOWED_DOMAINS": "contoso.test",
}


@pytest.fixture(scope="module")
def fresh() -> Iterator[Panel]:
    """A panel of this module's own, on which nothing has happened yet."""
    with Panel(**PROVIDER) as panel:
        yield panel


@pytest.fixture(scope="module")
def first_looks(chromium: Browser, fresh: Panel) -> Found:
    """At what nobody sees again once the panel has an administrator."""
    context = chromium.new_context(base_url=fresh.url)
    look = Look(context, fresh)
    look.at(fresh.setup_link)
    look.page.get_by_role("button", name="Make the first administrator").click()
    look.again("what the browser asks for before it sends the form")
    look.page.locator("form").evaluate("form => form.noValidate = true")
    look.page.get_by_role("button", name="Make the first administrator").click()
    look.again("its errors")
    context.close()
    return look.found


@pytest.fixture(scope="module")
def ada(chromium: Browser, fresh: Panel, first_looks: Found) -> Iterator[BrowserContext]:
    context = chromium.new_context(base_url=fresh.url)
    set_up(context, fresh)
    yield context
    context.close()


@pytest.fixture(scope="module")
def full(fresh: Panel, ada: BrowserContext) -> tuple[Panel, dict[str, str]]:
    """The same panel some weeks later, and what its addresses are made of."""
    return fresh, json.loads(fresh.shell("from tests.browser import lived_in; lived_in.fill()"))


class Look:
    """A window, and what was found in it by address."""

    def __init__(self, context: BrowserContext, panel: Panel) -> None:
        self.watch = Watch(context, panel.url)
        self.page: Page = context.new_page()
        self.found: Found = {}

    def at(self, path: str) -> None:
        self.page.goto(path)
        self.again(path)

    def again(self, where: str) -> None:
        if found := [*findings(self.page), *self.watch.take()]:
            self.found[where] = found


def told(found: Found) -> str:
    return "\n".join(f"{where}\n  {text}" for where, texts in found.items() for text in texts)


def test_every_route_that_answers_a_get_is_looked_at_or_is_no_page() -> None:
    listed = PAGES.keys() | OUTSIDE.keys() | ONCE | NO_PAGES.keys()
    assert {name for name, methods in ACCESS.items() if "GET" in methods} - listed == set()
    assert (OUTSIDE.keys() | ONCE | NO_PAGES.keys()) - ACCESS.keys() == set()
    assert PAGES.keys() & NO_PAGES.keys() == set()


def test_the_way_in_to_a_new_panel(first_looks: Found) -> None:
    assert not first_looks, told(first_looks)


def test_before_the_sign_in(chromium: Browser, fresh: Panel, ada: BrowserContext) -> None:
    context = chromium.new_context(base_url=fresh.url)
    look = Look(context, fresh)
    for path in [path for each in OUTSIDE.values() for path in each]:
        look.at(path)
    look.page.goto("/sign-in/")
    look.page.fill("[name=username]", "nobody")
    look.page.fill("[name=password]", "wrong")
    look.page.click("main button[type=submit]")
    look.again("a refused sign-in")
    context.close()
    assert not look.found, told(look.found)


def test_every_page_of_an_empty_panel(fresh: Panel, ada: BrowserContext) -> None:
    look = Look(ada, fresh)
    for path in paths({}):
        look.at(path)
    look.page.close()
    assert not look.found, told(look.found)


def test_every_page_of_a_full_panel(full: tuple[Panel, dict[str, str]], ada: BrowserContext) -> None:
    panel, known = full
    look = Look(ada, panel)
    for path in paths(known):
        look.at(path)
    look.page.close()
    assert not look.found, told(look.found)


@pytest.mark.parametrize(
    ("path", "filled"),
    [
        ("/mail-server/", {"server": "mail.x.com:587:1"}),
        ("/mail-server/?mode=oauth2", {"sender": "nobody"}),
        ("/notifications/new/", {}),
        ("/completions/new/", {"name": ""}),
        ("/people/", {}),
        ("/tokens/", {}),
        ("/account/", {"email": "nobody"}),
        ("/safety/", {"reroute_to": "nobody"}),
    ],
)
def test_a_form_with_errors_leads_the_keyboard_to_them(
    full: tuple[Panel, dict[str, str]], ada: BrowserContext, path: str, filled: dict[str, str]
) -> None:
    look = Look(ada, full[0])
    look.page.goto(path)
    for name, value in filled.items():
        look.page.fill(f"main [name={name}]", value)
    look.page.locator("main form button.primary").first.click()
    expect(look.page.locator(".error-summary")).to_be_focused()
    look.again(path)
    look.page.keyboard.press("Tab")
    look.page.keyboard.press("Enter")
    expect(look.page.locator("[aria-invalid=true]").first).to_be_focused()
    look.page.close(run_before_unload=False)
    assert not look.found, told(look.found)


def test_what_is_shown_once(full: tuple[Panel, dict[str, str]], chromium: Browser, ada: BrowserContext) -> None:
    panel, _ = full
    look = Look(ada, panel)
    look.page.goto("/tokens/")
    look.page.fill("#id_name", "Ansible")
    look.page.click("text=Create token")
    look.again("a new token")
    look.page.goto("/people/")
    look.page.fill("#id_whom", "Barbara")
    look.page.click("text=Make the link")
    look.again("an invitation")
    link = look.page.locator("#invitation-link").inner_text().strip()
    look.page.close()

    context = chromium.new_context(base_url=panel.url)
    theirs = Look(context, panel)
    theirs.at(link)
    theirs.page.locator("form").evaluate("form => form.noValidate = true")
    theirs.page.click("main button[type=submit]")
    theirs.again("an invitation with errors")
    context.close()
    assert not look.found | theirs.found, told(look.found | theirs.found)


def test_after_a_restore(full: tuple[Panel, dict[str, str]], ada: BrowserContext) -> None:
    panel, _ = full
    panel.manage("restored")
    look = Look(ada, panel)
    look.at("/dashboard/")
    look.at("/restoration/")
    look.page.check("[name=choice][value=younger]")
    look.page.fill("[name=hours]", "0")
    look.page.locator("main form").first.evaluate("form => form.noValidate = true")
    look.page.locator("main form button.primary").first.click()
    look.again("a number of hours that is too small")
    look.page.check("[name=choice][value=discard]")
    look.page.locator("main form button.primary").first.click()
    look.again("the question whether all are discarded")
    look.page.locator("main form button[type=submit]").first.click()
    look.again("what was decided")
    look.page.close()
    assert not look.found, told(look.found)


def test_what_opens_in_place(full: tuple[Panel, dict[str, str]], ada: BrowserContext) -> None:
    look = Look(ada, full[0])
    look.page.goto("/dashboard/")
    look.page.click(".bar-end summary")
    look.again("the menu of one's own")
    look.page.set_viewport_size({"width": 390, "height": 900})
    look.page.goto("/dashboard/")
    look.page.click("[aria-label=Menu]")
    look.again("the folded menu")
    look.page.goto("/mail-server/")
    look.page.click("#send-test-email")
    expect(look.page.locator("#test-result")).to_contain_text("What to do:", timeout=20_000)
    look.again("a failed test")
    look.page.close(run_before_unload=False)
    assert not look.found, told(look.found)


def test_what_others_see(full: tuple[Panel, dict[str, str]], chromium: Browser) -> None:
    panel, known = full
    found: Found = {}
    for name in ("vic", "olga"):
        context = chromium.new_context(base_url=panel.url)
        look = Look(context, panel)
        look.page.goto("/sign-in/")
        look.page.fill("[name=username]", name)
        look.page.fill("[name=password]", PASSWORD)
        look.page.click("main button[type=submit]")
        for path in (
            "/people/",
            "/mail-server/",
            "/safety/",
            "/notifications/{notification}/",
            "/deliveries/{failed}/",
        ):
            look.at(path.format(**known))
        context.close()
        found |= {f"{name} {where}": texts for where, texts in look.found.items()}
    assert not found, told(found)


WALKED = (
    *("/dashboard/", "/mail-server/", "/mail-server/?mode=oauth2", "/notifications/", "/notifications/{notification}/"),
    *("/deliveries/?state=failed", "/deliveries/{failed}/", "/completions/{completion}/", "/people/", "/safety/"),
)


@pytest.mark.parametrize("path", WALKED)
def test_the_tab_key_reaches_everything_in_order_and_shows_where_it_is(
    full: tuple[Panel, dict[str, str]], ada: BrowserContext, path: str
) -> None:
    panel, known = full
    page = ada.new_page()
    page.goto(path.format(**known))
    stops, wrong = walk(page)
    page.close(run_before_unload=False)
    assert stops[0].startswith("a Skip to the content")
    assert not wrong, "\n".join(wrong)
