"""A TCP connection to the first address of a host that answers (RFC 8305, "Happy Eyeballs")."""

import errno
import os
import selectors
import socket
import time
from dataclasses import dataclass, field
from typing import cast

from notifications.backends.addresses import Address, addresses_of
from notifications.backends.base import BackendError, Fault, Reply, Stage

# RFC 8305 5: the recommended delay before the next address joins the race.
NEXT_ADDRESS_SECONDS = 0.25
# This machine cannot reach the address at all, which says nothing about the server.
UNUSABLE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def connect(host: str, port: int, timeout: float) -> tuple[socket.socket, Address]:
    """Return a connection to `host`, and the address that it leads to. Raises BackendError.

    `timeout` seconds each for the name lookup and for every address.
    """
    # The checked addresses themselves, so that a second lookup cannot lead elsewhere.
    race = Race(addresses_of(host, port, timeout), timeout)
    try:
        winner = race.run()
    finally:
        race.close()
    if winner is None:
        text = f"Could not connect to {host}:{port} {race.reason}"
        raise BackendError(Fault.UNREACHABLE, Reply(text=text), stage=Stage.CONNECT, timed_out=race.timed_out)
    # Nagle's algorithm keeps the final dot back until the content is acknowledged: 40 ms for each email.
    winner[0].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return winner


@dataclass
class Race:
    """Connects to one address after the other, the next one when the last has not answered soon; the first wins."""

    addresses: list[Address]
    timeout: float
    failures: list[tuple[Address, OSError]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._waiting = list(self.addresses)
        self._ends: dict[socket.socket, float] = {}

    @property
    def reason(self) -> str:
        """The failure that says most: a refusal before silence, and either before a network that is not there."""
        address, error = min(reversed(self.failures), key=lambda failure: significance(failure[1]))
        return f"({address}): {reason(error)}"

    @property
    def timed_out(self) -> bool:
        return any(isinstance(error, TimeoutError) for _, error in self.failures)

    def run(self) -> tuple[socket.socket, Address] | None:
        """Return the connection and its address, or None when every address failed."""
        next_start = time.monotonic()
        while self._waiting or self._ends:
            now = time.monotonic()
            if self._waiting and (now >= next_start or not self._ends):
                self._start(self._waiting.pop(0), now)
                next_start = now + NEXT_ADDRESS_SECONDS
            wait_until = min([*self._ends.values(), *([next_start] if self._waiting else [])], default=now)
            for key, _ in self._selector.select(max(0.0, wait_until - time.monotonic())):
                if winner := self._finished(key):
                    return winner
            self._give_up(time.monotonic())
        return None

    def close(self) -> None:
        for sock in list(self._ends):
            self._drop(sock)
        self._selector.close()

    def _start(self, address: Address, now: float) -> None:
        try:
            sock = socket.socket(address.family, socket.SOCK_STREAM)
        except OSError as error:
            self.failures.append((address, error))
            return
        sock.setblocking(False)
        code = sock.connect_ex(address.place)
        if code not in (0, errno.EINPROGRESS):
            sock.close()
            self.failures.append((address, OSError(code, os.strerror(code))))
            return
        self._ends[sock] = now + self.timeout
        self._selector.register(sock, selectors.EVENT_WRITE, address)

    def _finished(self, key: selectors.SelectorKey) -> tuple[socket.socket, Address] | None:
        sock = cast(socket.socket, key.fileobj)
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code == 0:
            self._selector.unregister(sock)
            del self._ends[sock]
            return sock, key.data
        self._drop(sock)
        self.failures.append((key.data, OSError(code, os.strerror(code))))
        return None

    def _give_up(self, now: float) -> None:
        for sock in [sock for sock, end in self._ends.items() if end <= now]:
            address = self._selector.get_key(sock).data
            self._drop(sock)
            self.failures.append((address, TimeoutError()))

    def _drop(self, sock: socket.socket) -> None:
        self._selector.unregister(sock)
        del self._ends[sock]
        sock.close()


def significance(error: OSError) -> int:
    """Lower says more."""
    return 2 if error.errno in UNUSABLE else 1 if isinstance(error, TimeoutError) else 0


def reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return error.strerror or str(error) or type(error).__name__
