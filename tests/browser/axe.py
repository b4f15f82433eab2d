"""What axe-core finds wrong with a page, in both themes and at two widths, and whether the page fits them."""

import functools
from typing import Any

from playwright.sync_api import Page

from tests.peers.need import NODE_MODULES, need

WIDTHS = (1280, 390)
# Only colours differ between the themes: what the others find in one they find in both.
OF_COLOURS = ["color-contrast", "link-in-text-block"]
# WCAG 2.2 A and AA, and what axe holds to be good practice. No rule of these is switched off.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async only => {
  const options = { runOnly: only, resultTypes: ["violations"], iframes: false };
  const { violations } = await axe.run(document, options);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, html, any, all, none }) =>
      `${id}: ${target.join(" ")} ${html.slice(0, 160)} ${[...any, ...all, ...none].map(check => check.message)}`));
}"""
# Disclosures show what is in them; those that float would cover the rest, and get a look of their own.
UNFOLD = "document.querySelectorAll('details:not(.popover)').forEach(details => { details.open = true })"


def findings(page: Page) -> list[str]:
    """Of the page as it is shown; each with theme and width. Leaves it wide and light."""
    _give_axe(page)
    found: list[str] = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for theme in ("dark", "light"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]  # one of both
            only = {"type": "tag", "values": TAGS} if theme == "light" else {"type": "rule", "values": OF_COLOURS}
            found += [f"{theme} {width}: {text}" for text in page.evaluate(RUN, only)]
        found += too_wide(page, width)
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    return found


def too_wide(page: Page, width: int) -> list[str]:
    needed = page.evaluate("document.documentElement.scrollWidth")
    return [f"{width}: the page needs {needed}"] if needed > width else []


def _give_axe(page: Page) -> None:
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())
        page.evaluate(UNFOLD)


@functools.cache
def _source() -> str:
    need("axe")
    return (NODE_MODULES / "axe-core" / "axe.min.js").read_text()


class Watch:
    """Everything that the browser holds against the pages of a context."""

    def __init__(self, context: Any, url: str) -> None:
        self.seen: list[str] = []
        self._url = url
        context.on("weberror", lambda error: self.seen.append(str(error.error)))
        context.on("console", lambda line: self._line(line.type, line.text))
        context.on("requestfailed", lambda request: self._failed(request))
        context.on("response", lambda response: self._answered(response))

    def take(self) -> list[str]:
        seen, self.seen = self.seen, []
        return seen

    def _line(self, kind: str, text: str) -> None:
        # The answer itself is judged below, by whose it is.
        if kind in ("error", "warning") and "status of" not in text:
            self.seen.append(text)

    def _failed(self, request: Any) -> None:
        # What a page asked for when one leaves it is given up.
        if "ERR_ABORTED" not in str(request.failure):
            self.seen.append(f"{request.url}: {request.failure}")

    def _answered(self, response: Any) -> None:
        """A page may answer 404 or 422 itself; what it fetches may not."""
        if response.status >= 400 and not response.request.is_navigation_request():
            self.seen.append(f"{response.url}: {response.status}")
