"""Which address of a host is connected to: none that is no mail server's, and the first one that answers."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from notifications.backends.addresses import MOST_ADDRESSES, Address, interleaved
from notifications.backends.base import BackendError, Fault, Stage
from notifications.backends.connection import connect
from notifications.backends.smtp_server import SmtpServer
from tests.backends.smtp_props import fault_of_sending, send
from tests.smtp_model import ModelServer

IPV6, IPV4 = socket.AF_INET6, socket.AF_INET
# Documentation's own (RFC 3849): nothing answers there, if there is a way to it at all.
NOWHERE = "2001:db8::1"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What every host name leads to, in this order."""
    found: list[str] = []

    def look_up(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        families = [(IPV6, (ip, port, 0, 0)) if ":" in ip else (IPV4, (ip, port)) for ip in found]
        return [(family, socket.SOCK_STREAM, 6, "", place) for family, place in families]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return found


@contextmanager
def listening(address: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    with socket.create_server((address, port)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def black_hole(address: str, port: int) -> Iterator[None]:
    """Answers nothing: the kernel drops what does not fit into the backlog."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex((address, port))
        yield


def connected(port: int, timeout: float = 2) -> str:
    sock, address = connect("mail.test", port, timeout)
    with sock:
        assert sock.getpeername()[0] == str(address)
    return str(address)


def failure(port: int, timeout: float = 2) -> BackendError:
    with pytest.raises(BackendError) as caught:
        connect("mail.test", port, timeout)
    return caught.value


class TestTheAddress:
    @pytest.mark.parametrize("dead", ["fe80::1", "169.254.7.7", "0.0.0.0", "224.0.0.1", "fd00:ec2::254"])
    def test_that_no_mail_server_has_is_skipped(self, names: list[str], dead: str) -> None:
        names += [dead, "127.0.0.1"]
        with listening() as port:
            assert connected(port) == "127.0.0.1"

    @pytest.mark.parametrize(
        "host",
        [
            "169.254.169.254",
            "0.0.0.0",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::1",
            "fd00:ec2::254",
            "fe80::1%1",
        ],
    )
    def test_that_is_the_only_one_and_no_mail_server_s_is_a_fault_of_the_settings(self, host: str) -> None:
        error = fault_of_sending(SmtpServer(host, 25, "none"))
        assert (error.fault, error.stage) == (Fault.CONFIGURATION, Stage.CONNECT)

    def test_that_was_checked_is_the_one_connected_to(self, names: list[str]) -> None:
        names.append("127.0.0.1")
        with listening() as port:
            sock, _ = connect("mail.test", port, 2)
            names[:] = ["169.254.169.254"]
            with sock:
                assert sock.getpeername()[0] == "127.0.0.1"

    def test_that_refuses_is_followed_by_the_next(self, names: list[str]) -> None:
        names += ["127.0.0.2", "127.0.0.3", "127.0.0.1"]
        with listening() as port:
            assert connected(port) == "127.0.0.1"

    def test_of_a_family_without_a_route_is_followed_by_the_next(self, names: list[str]) -> None:
        names += [NOWHERE, "127.0.0.1"]
        with listening() as port:
            assert connected(port) == "127.0.0.1"

    def test_that_is_silent_does_not_keep_the_next_one_waiting(self, names: list[str]) -> None:
        names += ["127.0.0.2", "127.0.0.1"]
        with listening() as port, black_hole("127.0.0.2", port):
            start = time.monotonic()
            assert connected(port, timeout=30) == "127.0.0.1"
        assert time.monotonic() - start < 15

    def test_that_answers_is_used_for_the_email(self, names: list[str]) -> None:
        names += [NOWHERE, "fe80::1", "127.0.0.1"]
        with ModelServer() as model:
            assert send(SmtpServer("mail.test", model.port, "none"))["one@c.test"].fault is None


class TestNoAddress:
    def test_that_answers_is_unreachable(self, names: list[str]) -> None:
        names += [NOWHERE, "127.0.0.1"]
        with listening() as port:
            pass
        error = failure(port)
        assert (error.fault, error.stage) == (Fault.UNREACHABLE, Stage.CONNECT)
        assert error.reply.text == f"Could not connect to mail.test:{port} (127.0.0.1): Connection refused"

    def test_that_answers_in_time_says_so(self, names: list[str]) -> None:
        names.append("127.0.0.2")
        with listening() as port, black_hole("127.0.0.2", port):
            error = failure(port, timeout=0.3)
        assert (error.timed_out, error.stage) == (True, Stage.CONNECT)
        assert "no answer in time" in error.reply.text

    def test_at_all_is_a_fault_of_the_name(self, names: list[str]) -> None:
        error = failure(25)
        assert (error.fault, error.stage) == (Fault.UNREACHABLE, Stage.DNS)

    def test_found_in_time_is_a_fault_of_the_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        over = threading.Event()

        def never(*_: object, **__: object) -> list[object]:
            over.wait(20)
            return []

        monkeypatch.setattr(socket, "getaddrinfo", never)
        error = failure(25, timeout=0.2)
        over.set()
        assert (error.fault, error.stage, error.timed_out) == (Fault.UNREACHABLE, Stage.DNS, True)

    @pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 300, "x..y", "mail\0.test"])
    def test_for_a_name_that_leads_nowhere_is_no_crash(self, host: str) -> None:
        assert fault_of_sending(SmtpServer(host, 25, "none")).fault is Fault.UNREACHABLE


def test_families_take_turns() -> None:
    addresses = [Address(IPV6, (f"::{number}", 25, 0, 0)) for number in range(1, 4)]
    addresses += [Address(IPV4, (f"127.0.0.{number}", 25)) for number in range(1, 3)]
    assert [str(address) for address in interleaved(addresses)] == ["::1", "127.0.0.1", "::2", "127.0.0.2", "::3"]


def test_a_name_with_a_hundred_addresses_does_not_take_a_hundred_tries(names: list[str]) -> None:
    names += [f"127.0.1.{number}" for number in range(1, 100)]
    with listening() as port:
        pass
    assert failure(port).reply.text.startswith(f"Could not connect to mail.test:{port} (127.0.1.{MOST_ADDRESSES})")
