"""The addresses of a host: looked up within a time limit, and only those where a mail server can be."""

import ipaddress
import queue
import socket
import threading
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from notifications.backends.base import BackendError, Fault, Reply, Stage

# Cloud machines reach services with credentials here; no mail server has these addresses.
METADATA = {ipaddress.ip_address("fd00:ec2::254"), ipaddress.ip_address("100.100.100.200")}
NAT64 = ipaddress.ip_network("64:ff9b::/96")
# A name with more addresses than this would make one failing connection take minutes.
MOST_ADDRESSES = 12


@dataclass(frozen=True)
class Address:
    """One of getaddrinfo's answers: `place` is what a socket of this `family` connects to."""

    family: socket.AddressFamily
    place: tuple[Any, ...]

    def __str__(self) -> str:
        return str(self.place[0])


def addresses_of(host: str, port: int, timeout: float) -> list[Address]:
    """Return where to connect to, in the order to try (RFC 8305 4). Raises BackendError."""
    found = look_up(host, port, timeout)
    allowed = [address for address in found if not is_forbidden(str(address))]
    if found and not allowed:
        text = f"{host}: this address is never a mail server's"
        raise BackendError(Fault.CONFIGURATION, Reply(text=text), stage=Stage.CONNECT)
    if not allowed:
        raise BackendError(Fault.UNREACHABLE, Reply(text=f"{host} has no address"), stage=Stage.DNS)
    return interleaved(allowed)[:MOST_ADDRESSES]


def look_up(host: str, port: int, timeout: float) -> list[Address]:
    """Return what getaddrinfo finds. It knows no time limit, so it runs in a thread that may be left behind."""
    answers: queue.Queue[list[Address] | Exception] = queue.Queue()

    def ask() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            answers.put(error)
        else:
            answers.put(list(dict.fromkeys(Address(family, place) for family, _, _, _, place in found)))

    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=timeout)
    except queue.Empty:
        answer = TimeoutError("the name lookup did not answer in time")
    if isinstance(answer, Exception):
        text = f"{host}: {getattr(answer, 'strerror', None) or answer}"
        timed_out = isinstance(answer, TimeoutError)
        raise BackendError(Fault.UNREACHABLE, Reply(text=text), stage=Stage.DNS, timed_out=timed_out) from answer
    return answer


def is_forbidden(address: str) -> bool:
    """Whether no mail server can have `address`: link-local (from mDNS, or cloud metadata), multicast, unspecified."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        # ipaddress of Python 3.11 does not call ::ffff:169.254.169.254 link-local.
        inside = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in NAT64 else None
        ip = ip.ipv4_mapped or ip.sixtofour or inside or ip
    return ip.is_link_local or ip.is_unspecified or ip.is_multicast or ip in METADATA


def interleaved(addresses: list[Address]) -> list[Address]:
    """Alternate between the families, the first one's first, so that a dead family costs one delay only."""
    first = addresses[0].family
    preferred = [address for address in addresses if address.family == first]
    others = [address for address in addresses if address.family != first]
    return [address for address in chain(*zip_longest(preferred, others)) if address is not None]
