"""The one way out by HTTPS: where it goes, what it believes, and how long it listens."""

import time
from pathlib import Path

import pytest
import requests
import trustme

from notifications.outbound import Endless, GuardedSession, Refused
from tests.backends.test_graph_errors import speaking
from tests.graph_stand_in import GraphStandIn
from tests.pki import STRANGER, ca_pem, issuing_authority, leaf_of_issuing_authority, without_intermediate


def session(graph: GraphStandIn, *hosts: str, ca_file: str = "") -> GuardedSession:
    known = frozenset(hosts or {graph.base.removeprefix("https://")})
    return GuardedSession(known, ca_file or str(graph.ca_file), trust_environment=False)


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:{port}/",
        "https://127.0.0.1:{port}/",
        "https://localhost/",
        "https://localhost:{port}@evil.test/",
        "https://evil.test\\@localhost:{port}/",
        "https://user:word@localhost:{port}/",
        "https://LOCALHOST:{port}/",
        "https://localhost.:{port}/",
        "https://[::1]:{port}/",
        "//localhost:{port}/",
        "file:///etc/passwd",
        "",
    ],
)
def test_nothing_goes_to_an_address_that_is_not_listed(graph: GraphStandIn, address: str) -> None:
    with session(graph) as http, pytest.raises(Refused):
        http.get(address.format(port=graph.base.rpartition(":")[2]))
    assert graph.log == []


def test_a_listed_address_answers(graph: GraphStandIn) -> None:
    with session(graph) as http:
        assert http.get(f"{graph.base}/nowhere").status_code == 404


def test_the_environment_has_no_say(graph: GraphStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stranger = tmp_path / "stranger.pem"
    stranger.write_text(ca_pem(STRANGER))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login me password hidden\n")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(stranger))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NETRC", str(netrc))
    with session(graph) as http:
        assert http.get(f"{graph.base}/nowhere").status_code == 404
    assert not graph.log[0].authorized


def test_an_unknown_authority_is_refused(graph: GraphStandIn, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.pem"
    stranger.write_text(ca_pem(STRANGER))
    with session(graph, ca_file=str(stranger)) as http, pytest.raises(requests.exceptions.SSLError):
        http.get(f"{graph.base}/nowhere")


@pytest.mark.parametrize("trusted", ["issuing authority", "the server's own"])
def test_a_certificate_that_the_operator_trusts_is_trusted(graph: GraphStandIn, tmp_path: Path, trusted: str) -> None:
    certificate = issuing_authority().cert_pem if trusted == "issuing authority" else own_certificate()
    certificate.write_to_path(tmp_path / "ca.pem")
    answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
    with speaking(answer, b"", context=without_intermediate()) as address:
        http = session(graph, address.removeprefix("https://"), ca_file=str(tmp_path / "ca.pem"))
        with http:
            assert http.get(address).status_code == 204


def own_certificate() -> trustme.Blob:
    return leaf_of_issuing_authority().cert_chain_pems[0]


def test_the_public_authorities_are_the_default(graph: GraphStandIn) -> None:
    http = GuardedSession(frozenset({graph.base.removeprefix("https://")}), "", trust_environment=False)
    with http, pytest.raises(requests.exceptions.SSLError):
        http.get(f"{graph.base}/nowhere")


class TestTheClock:
    @pytest.mark.parametrize(
        "pieces", [(b"H",), (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"), (b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n", b"x")]
    )
    def test_counts_the_whole_call(self, graph: GraphStandIn, pieces: tuple[bytes, ...]) -> None:
        with speaking(*pieces) as address, session(graph, address.removeprefix("https://")) as http:
            http.remaining = lambda: 1.0
            start = time.monotonic()
            with pytest.raises(requests.RequestException):
                http.get(address)
        assert time.monotonic() - start < 2.5

    def test_lets_no_read_last_longer_than_it_may(self, graph: GraphStandIn) -> None:
        with speaking() as address, session(graph, address.removeprefix("https://")) as http:
            http.read_seconds = 0.5
            start = time.monotonic()
            with pytest.raises(requests.RequestException):
                http.get(address)
        assert time.monotonic() - start < 2

    def test_starts_anew_with_each_call_on_a_kept_connection(self, graph: GraphStandIn) -> None:
        with session(graph) as http:
            http.remaining = lambda: 0.5
            for _ in range(4):
                time.sleep(0.2)
                assert http.get(f"{graph.base}/nowhere").status_code == 404


def test_an_answer_without_an_end_is_not_read_to_it(graph: GraphStandIn) -> None:
    endless = (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536)
    with speaking(*endless, every=0) as address:
        http = session(graph, address.removeprefix("https://"))
        with http, pytest.raises(Endless):
            http.get(address)
