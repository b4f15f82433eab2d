"""PUBLIC_URL: the address of the panel in links. It is a scheme, a host name and perhaps a port, and nothing else."""

import re
from ipaddress import IPv6Address
from urllib.parse import SplitResult, urlsplit

LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
NAME = re.compile(rf"(?:{LABEL})(?:\.{LABEL})*")
LONGEST_HOST, LAST_PORT = 253, 65535
ROUGHLY = re.compile(
    r"\s*(?:(?P<scheme>https?)(?=:)|[a-z][a-z0-9+.-]*(?=://))?(?::?/*)(?P<user>[^/?#\\]*@)?"
    r"(?P<host>\[[^\]]*\]|[^/?#\\:]*)(?::(?P<port>[^/?#\\]*))?(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
EXAMPLE = "https://panel.example.com"


def split(url: str) -> SplitResult:
    """The parts of `url`. All of them are empty where `fault` has something to say."""
    return urlsplit("" if fault(url) else url)


def fault(url: str) -> str:
    """What is wrong with `url` and what to write instead, to follow "PUBLIC_URL"; empty when nothing is."""
    reason = reason_of(url)
    return f"{reason}. Write {suggestion(url) or f'it like {EXAMPLE}'}" if reason else ""


def reason_of(url: str) -> str:
    parts = rough_parts(url)
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        return "contains a blank or a control character"
    if not re.match(r"https?://", url, re.IGNORECASE):
        return "does not begin with https:// or http://"
    if parts["user"]:
        return "contains a user name"
    if parts["rest"].strip("/"):
        return "has something behind the host name, and the panel cannot be reached below a path"
    if not is_host(parts["host"]):
        return "has no valid host name"
    if parts["port"] is not None and not is_port(parts["port"]):
        return f"has a port that is not a number from 1 to {LAST_PORT}"
    return ""


def suggestion(url: str) -> str:
    """What was probably meant; empty when that cannot be guessed."""
    parts = rough_parts(url)
    try:
        host = parts["host"].strip().encode("idna").decode()
    except UnicodeError:
        return ""
    if not is_host(host):
        return ""
    port = f":{parts['port']}" if is_port(parts["port"] or "") else ""
    return f"{(parts['scheme'] or 'https').lower()}://{host}{port}"


def rough_parts(url: str) -> dict[str, str]:
    found = ROUGHLY.match(url)
    return found.groupdict() if found else {}


def is_host(host: str) -> bool:
    """A DNS name in ASCII, an IPv4 address, or an IPv6 address in brackets."""
    if host.startswith("["):
        try:
            return bool(IPv6Address(host[1:].removesuffix("]")))
        except ValueError:
            return False
    return len(host) <= LONGEST_HOST and bool(NAME.fullmatch(host.lower()))


def is_port(port: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{1,5}", port)) and 1 <= int(port) <= LAST_PORT
