"""Lists of addresses as other programs write them: Outlook's names, links, brackets, quotes and separators."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote

BLANKS = " \t\u00a0"
# A separator counts unless it is within quotes; a quote that is never closed goes to the end of its line.
BETWEEN_SEMICOLONS = re.compile(r'(?:"(?:[^"\\]|\\.)*+["\\]?|[^";])++')
BETWEEN_COMMAS = re.compile(r'(?:"(?:[^"\\]|\\.)*+["\\]?|[^",])++')
BRACKETED = re.compile(r'(?P<name>"(?:[^"\\]|\\.)*"[ \t]*|[^"<>]*)<(?P<address>[^\r\n]*)>')
AFTER_BRACKET = re.compile(r"(?<=>)[ \t\u00a0]+")
IN_QUOTES = re.compile(r"""(["'])([^"'\\\s<>]+@[^"'\\\s<>]+)\1""")
# Outlook's replies and chat programs write links so: `[mailto:a@example.com]`, `<mailto:a@example.com|a@example.com>`.
LINK_AFTER_NAME = re.compile(r"([^\[\]<>]*)\[(mailto:[^\[\]<>\s]+)\]", re.IGNORECASE)
LINK = re.compile(r"mailto:([^?|]*)(?:[?|].*)?", re.IGNORECASE | re.DOTALL)
NAME_BEHIND = re.compile(r"([^\s()<>\"]+@[^\s()<>\"]+)[ \t]+\(([^()]*)\)")


def split_list(line: str) -> list[str]:
    segments = pieces(BETWEEN_SEMICOLONS, line)
    by_semicolons = len(segments) > 1 or bool(segments and segments[0] != line.strip(BLANKS))
    parts: list[str] = []
    for segment in segments:
        by_commas = pieces(BETWEEN_COMMAS, segment)
        parts += with_commas_in_names(by_commas) if by_semicolons else by_commas
    return [address for part in parts for address in unseparated(part)]


def pieces(pattern: re.Pattern[str], text: str) -> list[str]:
    return [piece for match in pattern.finditer(text) if (piece := match[0].strip(BLANKS))]


def with_commas_in_names(parts: Iterable[str]) -> Iterator[str]:
    """`Doe, John <john@example.com>; …`: where semicolons separate, as Outlook does, a comma belongs to the name."""
    before: list[str] = []
    for part in parts:
        if not any(char in part for char in '@:"<>'):
            before.append(part)
            continue
        named = BRACKETED.fullmatch(part)
        if before and named and '"' not in named["name"]:
            name = ", ".join(filter(None, [*before, named["name"].strip(BLANKS)]))
            yield '"{}" <{}>'.format(name.replace("\\", "\\\\"), named["address"])
        else:
            yield from before
            yield part
        before = []
    yield from before


def unseparated(part: str) -> list[str]:
    """Addresses with nothing but blanks between them, as a spreadsheet's row has them."""
    words = part.split()
    if '"' not in part and len(words) > 1:
        if "<" not in part and all("@" in word for word in words):
            return words
        named = AFTER_BRACKET.split(part)
        if len(named) > 1 and all(BRACKETED.fullmatch(each) and "@" in each for each in named):
            return named
    return [part]


def unwrapped(text: str) -> str:
    """One address, bare or as `Name <address>`, whatever a program put around it."""
    text = text.strip(BLANKS)
    if quoted := IN_QUOTES.fullmatch(text):
        return quoted[2]
    if link := LINK_AFTER_NAME.fullmatch(text):
        text = f"{link[1]}<{link[2]}>"
    if behind := NAME_BEHIND.fullmatch(text):
        return f"{behind[2]} <{behind[1]}>"
    return without_link(text)


def without_link(address: str) -> str:
    """Of `mailto:ops%40example.com?subject=x`, the address."""
    link = LINK.fullmatch(address)
    return unquote(link[1]).strip(BLANKS) if link else address
