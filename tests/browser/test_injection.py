"""The corpus on a whole panel in Chromium: nothing of it runs, asks anybody, or is even tried and refused."""

from collections.abc import Iterator
from itertools import islice

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from tests.browser.conftest import is_complaint, set_up
from tests.corpus import HOST, SCRIPTS, strings
from tests.panel import Panel
from tests.waiting import wait_until

FIELDS = {"name": 500, "package": 300, "version": 100, "schedule": 300, "user": 300, "source": 100}
RULES = 4
# What is looked at one by one, of the many that are in the lists.
COMPLETIONS_SEEN, SIMULATED, MAILS_SEEN = 30, 4, 8


class Watch:
    """Everything that a page did which none of ours does."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.seen: list[str] = []
        self.refused: list[str] = []
        self._url = url
        context.on("weberror", lambda error: self.seen.append(str(error.error)))
        context.on("console", lambda line: self._complaint(line.text) if is_complaint(line.type, line.text) else None)
        context.on("request", lambda request: self._foreign(request, self.refused))
        context.on("requestfinished", lambda request: self._foreign(request, self.seen))
        context.on("dialog", lambda dialog: (self.seen.append(dialog.message), dialog.dismiss()))
        context.on("page", lambda page: page.on("popup", lambda popup: self.seen.append(popup.url)))

    def check(self, page: Page) -> None:
        assert page.evaluate("window.__pwned") is None, page.url
        assert page.url.startswith(self._url)
        assert self.seen == [], page.url

    def _complaint(self, text: str) -> None:
        blocked = "sandboxed" in text or "Content Security Policy" in text
        (self.refused if blocked else self.seen).append(text)

    def _foreign(self, request: Request, kept: list[str]) -> None:
        """Chromium tells of a request before the policy refuses it; only what was let through goes on."""
        if not request.url.startswith((self._url, "data:", "about:")):
            kept.append(request.url)


@pytest.fixture(scope="module")
def hostile() -> Iterator[Panel]:
    """A panel of its own, since no other test wants such guests."""
    with Panel() as panel:
        panel.sign_in_tool()
        yield panel


@pytest.fixture(scope="module")
def context(chromium: Browser, hostile: Panel) -> Iterator[BrowserContext]:
    context = chromium.new_context(base_url=hostile.url)
    set_up(context, hostile)
    tell(hostile)
    yield context
    context.close()


def tell(panel: Panel) -> None:
    """Each string once in one of a completion's fields, and in a target's; some in notifications."""
    texts = strings()
    for number, script in enumerate(SCRIPTS[3 : 3 + RULES]):
        add_rule(panel, name=f"{script}{number}", text_template=f"\"'>{script}", subject_template=script)
    taken = iter(texts)
    for number, group in enumerate(iter(lambda: list(islice(taken, len(FIELDS))), [])):
        said = dict(zip(FIELDS, [*group, *group], strict=False))
        fields = {name: f"{text[: FIELDS[name] - 1]}~" for name, text in said.items()}
        targets = [{"name": f"{text[:299]}~", "detail": text, "outcome": "failed"} for text in group]
        panel.report(number, **fields, targets=targets, url="https://tool.test/'\"><script>")
    wait_until(lambda: panel.manage("shell", "-v0", "-c", OPEN_MAILS).strip() == "0", 60, "the last mail", every=1)


OPEN_MAILS = "from notifications.models import Message; print(Message.objects.filter(state__in=Message.OPEN).count())"


def add_rule(panel: Panel, **values: object) -> None:
    body = {"to": ['"<script>" <ops@contoso.test>'], "throttle_count": 4, "throttle_minutes": 999, **values}
    response = panel.http.post(f"{panel.url}/api/v1/notifications", json=body, timeout=30)
    assert response.status_code == 201, response.text


@pytest.fixture
def watch(context: BrowserContext, hostile: Panel) -> Watch:
    return Watch(context, hostile.url)


@pytest.fixture
def page(context: BrowserContext, watch: Watch) -> Iterator[Page]:
    """Whatever is refused counts too: our own pages try nothing of the kind."""
    page = context.new_page()
    yield page
    watch.check(page)
    page.close()
    assert watch.refused == []


def follow(page: Page, watch: Watch, path: str) -> list[str]:
    """Open a list's pages one after the other; the addresses of its rows."""
    found: list[str] = []
    while path:
        page.goto(path)
        watch.check(page)
        found += page.eval_on_selector_all("td:first-child a", "links => links.map(link => link.getAttribute('href'))")
        older = page.eval_on_selector_all("a[href*='after=']", "links => links.map(link => link.href)")
        path = older[0] if older else ""
    return found


def test_the_watch_notices_what_is_tried(context: BrowserContext, watch: Watch) -> None:
    page = context.new_page()
    page.goto("/audit/")
    page.evaluate("html => { document.querySelector('main').innerHTML = html }", SCRIPTS[3] + f"<img src=//{HOST}/x>")
    wait_until(lambda: page.evaluate("1") and len(watch.refused) >= 2, 10, "two refusals")
    page.close()


def test_completions_and_their_pages(page: Page, watch: Watch) -> None:
    rows = follow(page, watch, "/completions/")
    assert len(rows) >= len(strings()) // len(FIELDS)
    for path in rows[:: len(rows) // COMPLETIONS_SEEN]:
        page.goto(path)
        watch.check(page)
    expect(page.locator("#targets tbody tr")).not_to_have_count(0)
    for path in rows[:: len(rows) // SIMULATED]:
        page.goto(f"/notifications/simulator/?completion={path.strip('/').rpartition('/')[2]}")
        expect(page.locator("main")).to_contain_text("__pwned")
        watch.check(page)


def test_deliveries_their_content_and_the_inbox(page: Page, watch: Watch) -> None:
    mails = follow(page, watch, "/deliveries/")
    for path in mails[:: max(1, len(mails) // MAILS_SEEN)]:
        page.goto(path)
        expect(page.frame_locator("iframe").locator("body")).to_contain_text("window.__pwned")
        page.goto(f"{path}content/")
        assert "window.__pwned" in page.inner_text("body")
        assert page.url.startswith(watch._url)
    caught = follow(page, watch, "/inbox/")
    for path in caught[:3]:
        page.goto(path)
        expect(page.frame_locator("iframe").locator("body")).to_contain_text("window.__pwned")
        watch.check(page)


@pytest.mark.parametrize("path", ["/", "/dashboard/", "/audit/", "/tokens/", "/mail-server/", "/safety/"])
def test_other_pages(page: Page, watch: Watch, path: str) -> None:
    page.goto(path)
    watch.check(page)


def test_a_notification_s_page_with_its_preview_and_trial(page: Page, watch: Watch) -> None:
    for path in follow(page, watch, "/notifications/"):
        page.goto(path)
        mail = page.frame_locator(".preview-frame >> visible=true")
        expect(mail.locator("#subject")).to_contain_text("__pwned", timeout=10_000)
        expect(mail.frame_locator("iframe").locator("body")).to_contain_text("window.__pwned")
        watch.check(page)


@pytest.mark.parametrize("script", SCRIPTS[::5])
def test_an_administrator_s_own_html_runs_nothing_in_the_preview(
    context: BrowserContext, hostile: Panel, script: str
) -> None:
    """It is theirs to write, and is mailed as written; the panel shows it, and refuses what it tries."""
    watch = Watch(context, hostile.url)
    page = context.new_page()
    page.goto("/notifications/new/")
    page.evaluate(
        "html => { const field = document.getElementById('id_html_template'); field.value = html }",
        f"<p>here</p>{script}",
    )
    page.evaluate("document.querySelector('[data-preview]').click()")
    mail = page.frame_locator(".preview-frame >> visible=true").frame_locator("iframe")
    expect(mail.locator("body")).to_contain_text("here", timeout=10_000)
    watch.check(page)
    page.close()
