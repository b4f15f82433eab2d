"""A walk through a page by the Tab key, and what is wrong on the way."""

from typing import Any

from playwright.sync_api import Page

MOST_STOPS = 300
# What may be reached, each group of radio buttons by one of its own. What is in a closed disclosure has no box.
START = """() => {
  const wanted = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']";
  const groups = new Set();
  window.unreached = new Set([...document.querySelectorAll(wanted)].filter(one => {
    if (one.disabled || !one.checkVisibility() || one.tabIndex < 0) return false;
    if (one.type !== "radio") return true;
    const key = one.name + (one.form ? [...document.forms].indexOf(one.form) : "");
    return !groups.has(key) && groups.add(key);
  }));
  window.before = null;
}"""
STOP = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  if (one.tagName === "IFRAME") return { name: "frame", wrong: [] };
  const label = one.ariaLabel || one.innerText || one.name || "";
  const name = `${one.tagName.toLowerCase()}${one.id ? "#" + one.id : ""} ${label.slice(0, 40)}`;
  const box = one.getBoundingClientRect();
  const shows = [one, one.closest("label"), one.parentElement].some(each => {
    if (!each) return false;
    const { outlineStyle, outlineWidth } = getComputedStyle(each);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  });
  const x = (Math.max(box.left, 0) + Math.min(box.right, innerWidth)) / 2;
  const y = (Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2;
  const there = document.elementFromPoint(x, y);
  const parts = [one, ...(one.labels || [])];
  const seen = there && (there.contains(one) || parts.some(each => each.contains(there)));
  const isAfter = Node.DOCUMENT_POSITION_FOLLOWING;
  // A field for a moment has a stop for each of its parts.
  const { before } = window;
  const onward = before === one || !before?.isConnected || before.compareDocumentPosition(one) & isAfter;
  const wrong = [];
  if (!shows) wrong.push("no ring");
  if (!seen) wrong.push(`covered by ${there?.outerHTML.slice(0, 60)}`);
  if (!onward) wrong.push("against the order");
  window.before = one;
  window.unreached.delete(one);
  if (one.type === "radio") {
    const alike = [...window.unreached].filter(each => each.name === one.name && each.form === one.form);
    alike.forEach(each => window.unreached.delete(each));
  }
  return { name, wrong };
}"""
LEFT = "[...window.unreached].filter(one => one.isConnected).map(one => one.outerHTML.slice(0, 100))"


def walk(page: Page) -> tuple[list[str], list[str]]:
    """The names of all stops, and what is wrong: no visible focus, covered, out of order, or never reached."""
    page.evaluate(START)
    stops: list[str] = []
    wrong: list[str] = []
    while len(stops) < MOST_STOPS:
        page.keyboard.press("Tab")
        stop: dict[str, Any] | None = page.evaluate(STOP)
        if stop is None and stops and stops[-1] == "frame":
            # The frame's own process gives the focus back a moment later.
            page.wait_for_timeout(300)
            stop = page.evaluate(STOP)
        if stop is None:
            break
        stops.append(stop["name"])
        wrong += [f"{stop['name']}: {fault}" for fault in stop["wrong"]]
    wrong += [f"never reached: {html}" for html in page.evaluate(LEFT)]
    return stops, wrong
