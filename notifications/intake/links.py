"""The link of a report: percent-encoded where that makes it a web address, left out where nothing does."""

import re
from urllib.parse import quote, urlsplit

from notifications.intake.escape_sequences import without_escape_sequences
from notifications.intake.values import CONTROLS, Repaired

# A name or an IPv6 address, and a port. Letters of all languages are fine: a browser encodes them. No backslash:
# Python reads `https://evil\@good/` as a link to good, a browser as one to evil.
HOST_AND_PORT = re.compile(r"(?:[A-Za-z0-9_.\-\u00a1-\U0010ffff]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?")
# After the host, RFC 3986, section 2; letters beyond ASCII are fine here, too (RFC 3987).
ODD = re.compile(r"""[\x00-\x20"<>\\^`{|}\x7f-\xa0]|%(?![0-9A-Fa-f]{2})""")


def web_address(text: str, limit: int) -> Repaired:
    """`text` as a web address of at most `limit` characters, without name and password; empty when it cannot be one."""
    # Browsers drop line ends, too (WHATWG URL, section 4.4): a link that was wrapped works.
    given = CONTROLS.sub("", without_escape_sequences(text)).strip()
    if not given:
        return "", ""
    if len(given) > limit:
        return "", f"is longer than {limit} characters and was left out"
    scheme, host, rest = parts_of(given)
    address = f"{scheme}://{host.rpartition('@')[2]}{''.join(map(encoded, ODD.sub(escaped, rest)))}"
    if not is_web_address(address):
        return "", "is not a web address that begins with http:// or https://, and was left out"
    if len(address) > limit:
        return "", f"is longer than {limit} characters with its odd ones percent-encoded, and was left out"
    return address, change(given, address, "@" in host)


def is_web_address(text: str) -> bool:
    """Whether every reader finds the same host in it."""
    scheme, host, rest = parts_of(text)
    if scheme.lower() not in ("http", "https") or ODD.search(rest) or not rest.isprintable():
        return False
    try:
        name, port = urlsplit(text).hostname, urlsplit(text).port
    except ValueError:  # a port beyond 65535, an unclosed [, a letter that stands for a slash
        return False
    is_host = HOST_AND_PORT.fullmatch(host) and host.isprintable() and any(map(str.isalnum, name or ""))
    return bool(is_host) and port != 0


def host_of(address: str) -> str:
    """Of a web address, in lower case, without its port."""
    return urlsplit(address).hostname or ""


def parts_of(address: str) -> tuple[str, str, str]:
    """Scheme, host with what belongs to it, and the rest."""
    scheme, _, after = address.partition("://")
    end = re.search(r"[/?#]", after)
    return (scheme, after[: end.start()], after[end.start() :]) if end else (scheme, after, "")


def escaped(found: re.Match[str]) -> str:
    return quote(found[0], safe="")


def encoded(character: str) -> str:
    # Beyond ASCII: blanks, and what is seen nowhere, such as a zero-width space.
    return character if character.isprintable() else quote(character)


def change(given: str, address: str, had_user: bool) -> str:
    if given == address:
        return ""
    if had_user:
        return "had a user name in front of its host, which was left out"
    return "had characters that no web address has; they were percent-encoded"
