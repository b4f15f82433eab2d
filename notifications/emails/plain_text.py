"""HTML as plain text, for programs and people that want no other."""

import re
from html.parser import HTMLParser

# Python's parser takes quadratic time over tags and comments that never end, and stumbles over odd declarations.
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
DECLARATION = re.compile(r"<[!?][^>]*(?:>|\Z)")
LOOSE = re.compile(r"<(?![^<>]{1,2000}>)")
SILENT = {"head", "style", "script", "title", "template"}
BLOCKS = {"p", "div", "table", "tr", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "section"}
APART = {"p", "table", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"}


def text_of_html(html: str) -> str:
    reader = Reader()
    reader.feed(LOOSE.sub("&lt;", DECLARATION.sub("", COMMENT.sub("", html))))
    reader.close()
    lines = [" ".join(line.replace("\u00a0", " ").split()) for line in "".join(reader.said).split("\n")]
    kept = [line for line, before in zip(lines, ["", *lines], strict=False) if line or before]
    return "\n".join(kept).strip() + "\n"


class Reader(HTMLParser):
    """Collects what is read aloud, with the addresses of links behind their words."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent = 0
        self._links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in SILENT:
            self._silent += 1
        elif tag in BLOCKS or tag == "br":
            self.said.append("\n")
        elif tag == "li":
            self.said.append("\n- ")
        elif tag == "hr":
            self.said.append("\n--------\n")
        elif tag == "img":
            self.said.append(values.get("alt") or "")
        elif tag == "a":
            self._links.append((values.get("href") or "", len(self.said)))

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in BLOCKS:
            self.said.append("\n\n" if tag in APART else "\n")
        elif tag in ("td", "th"):
            self.said.append(" ")
        elif tag == "a" and self._links:
            address, start = self._links.pop()
            words = "".join(self.said[start:]).strip()
            if address.startswith(("https://", "http://", "mailto:")) and address.removeprefix("mailto:") != words:
                self.said.append(f" <{address}>" if words else address)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(data.replace("\n", " "))
