"""Every page, empty and full, light and dark, wide and narrow: axe finds nothing, the browser complains of nothing."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from notifications.access import ACCESS
from tests.browser.axe import Watch, findings
from tests.browser.conftest import set_up
from tests.browser.sitemap import NO_PAGES, ONCE, OUTSIDE, PAGES, paths
from tests.panel import Panel

Found = dict[str, list[str]]


@pytest.fixture(scope="module")
def fresh() -> Iterator[Panel]:
    """A panel of this module's own, on which nothing has happened yet."""
    with Panel() as panel:
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
