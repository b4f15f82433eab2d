"""The address of a mail server as people type it: `host`, `host:port` or `[v6]:port`."""

import ipaddress
import re
import unicodedata

import idna

LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
# What the resolver reads as an IPv4 address: 127.1, 0x7f.1 and 2130706433 are all 127.0.0.1.
NUMERIC = re.compile(r"(0[xX][0-9A-Fa-f]*|[0-9]+)")
LONGEST_HOST = 253


def parse_server_address(text: str) -> tuple[str, int | None]:
    """Host, in lower case with A-labels, and port, if one is named. Raises ValueError with a sentence for the field."""
    if any(unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") for char in text):
        raise ValueError("This contains a line break or a control character.")
    text = text.strip()
    if not text:
        raise ValueError("Enter the mail server, such as mail.example.com or mail.example.com:587.")
    if "//" in text or "/" in text:
        raise ValueError("Enter the server's name alone, without smtp:// and without a path.")
    if "@" in text:
        raise ValueError("Enter the server's name alone; the user has a field of its own.")
    if any(char.isspace() for char in text):
        raise ValueError("A server's name has no spaces.")
    host, port = split_port(text)
    return host, parse_port(port) if port is not None else None


def split_port(text: str) -> tuple[str, str | None]:
    if text.startswith("["):
        inside, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ValueError("Write an IPv6 address in brackets and the port behind them: [2001:db8::1]:587.")
        return parse_ipv6(inside), rest[1:] if rest else None
    if text.count(":") > 1:
        if is_ipv6(text):
            return parse_ipv6(text), None
        raise ValueError("There is more than one colon: write host:port with one port, IPv6 as [2001:db8::1]:587.")
    host, colon, port = text.partition(":")
    return parse_host(host), port if colon else None


def parse_port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise ValueError("The port behind the colon is a number from 1 to 65535.")
    return int(text)


def is_ipv6(text: str) -> bool:
    try:
        return "%" not in text and ipaddress.ip_address(text).version == 6
    except ValueError:
        return False


def parse_ipv6(text: str) -> str:
    if not is_ipv6(text):
        raise ValueError(f"“{text[:60]}” is not an IPv6 address.")
    return str(ipaddress.IPv6Address(text))


def parse_host(text: str) -> str:
    host = text.removesuffix(".")
    if not host:
        raise ValueError("The server's name is missing.")
    if NUMERIC.fullmatch(host.rpartition(".")[2]):
        return parse_ipv4(host)
    if not host.isascii():
        host = to_a_labels(host)
    if len(host) > LONGEST_HOST or not all(LABEL.fullmatch(label) for label in host.split(".")):
        raise ValueError(
            f"“{text[:60]}” is not a server's name: letters, digits, hyphens and dots, as in mail.example.com."
        )
    return host.lower()


def parse_ipv4(text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError as error:
        raise ValueError(f"“{text[:60]}” is not an IPv4 address: four numbers up to 255, as in 192.0.2.25.") from error


def to_a_labels(host: str) -> str:
    try:
        return idna.encode(host, uts46=True).decode()
    except idna.IDNAError as error:
        raise ValueError(f"“{host[:60]}” is not an international domain name.") from error


def format_server_address(host: str, port: int | None, default_port: int) -> str:
    """As `parse_server_address` reads it; the port only where it says something."""
    if port in (None, default_port):
        return host
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether what is sent to `host` stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
