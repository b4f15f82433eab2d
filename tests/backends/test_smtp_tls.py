"""TLS that is verified or does not happen: no password, no token and no email for a server that is not the one."""

import socket
import ssl
from collections.abc import Callable, Sequence

import pytest

from notifications.backends.base import BackendError, Fault, Stage
from notifications.backends.smtp_server import SignIn, SmtpServer
from notifications.backends.trace import Trace
from tests import pki
from tests.backends.smtp_props import (
    CONTENT,
    PASSWORD,
    TOKEN,
    by_password,
    by_token,
    fault_of_sending,
    limits_of,
    send,
    server_at,
)
from tests.smtp_model import CONNECT, HANG_UP, RESET, ModelServer, Part, scripted

MODES = pytest.mark.parametrize("sign_in", [by_password(), by_token()], ids=["Basic", "OAuth2"])
WAYS = pytest.mark.parametrize("security", ["starttls", "tls"])
LIMITS = limits_of(2)

NOT_TRUSTED: dict[str, tuple[Callable[[], ssl.SSLContext], str]] = {
    "expired": (lambda: pki.server_context(expired=True), "certificate has expired"),
    "not yet valid": (pki.not_yet_valid, "certificate is not yet valid"),
    "another host's": (lambda: pki.server_context("elsewhere.test"), "Hostname mismatch"),
    "a parent domain's": (lambda: pki.server_context("*.localhost"), "Hostname mismatch"),
    "self-signed": (lambda: pki.self_signed()[1], "self-signed certificate"),
    "by an unknown authority": (lambda: pki.server_context(signed_by=pki.STRANGER), "unable to get local issuer"),
    "without its intermediate": (pki.without_intermediate, "unable to get local issuer"),
    "of a short key": (lambda: pki.self_signed(bits=1024)[1], "self-signed|too weak|too small"),
}
NOT_AGREED: dict[str, Callable[[], ssl.SSLContext]] = {
    "TLS 1.0 only": lambda: pki.limited_to(pki.server_context(), ssl.TLSVersion.TLSv1),
    "TLS 1.1 only": lambda: pki.limited_to(pki.server_context(), ssl.TLSVersion.TLSv1_1),
    "no shared cipher": pki.without_shared_cipher,
    "a client certificate, TLS 1.2": lambda: pki.asking_for_a_client_certificate(ssl.TLSVersion.TLSv1_2),
    "a client certificate, TLS 1.3": lambda: pki.asking_for_a_client_certificate(ssl.TLSVersion.TLSv1_3),
}


def fails(model: ModelServer, security: str, sign_in: SignIn, ca: str = "") -> BackendError:
    """The error; whatever it is, the server got neither a secret nor any of the email."""
    trace = Trace()
    server = server_at(model, security, ca_certificate=ca or pki.ca_pem(), connect_timeout=2)
    error = fault_of_sending(server, limits=LIMITS, sign_in=sign_in, trace=trace)
    assert not {"AUTH", "MAIL", "DATA"} & set(model.verbs())
    assert not [line for line in model.commands if PASSWORD in line or TOKEN in line or CONTENT.decode() in line]
    assert b"AUTH" not in model.in_clear
    return error


@MODES
@WAYS
@pytest.mark.parametrize("kind", NOT_TRUSTED)
def test_a_certificate_that_is_not_to_be_trusted_gets_nothing(kind: str, security: str, sign_in: SignIn) -> None:
    make, words = NOT_TRUSTED[kind]
    with ModelServer(tls=security, context=make()) as model:
        error = fails(model, security, sign_in)
    assert (error.fault, error.stage) == (Fault.TLS, Stage.TLS)
    assert any(word in error.reply.text for word in words.split("|"))


@MODES
@WAYS
def test_a_certificate_with_a_weak_signature_gets_nothing(security: str, sign_in: SignIn) -> None:
    authority, context = pki.signed_with_sha1()
    with ModelServer(tls=security, context=context) as model:
        error = fails(model, security, sign_in, authority)
    assert (error.fault, error.stage) == (Fault.TLS, Stage.TLS)
    assert "too weak" in error.reply.text


@MODES
@WAYS
@pytest.mark.parametrize("kind", NOT_AGREED)
def test_a_server_without_common_ground_gets_nothing(kind: str, security: str, sign_in: SignIn) -> None:
    with ModelServer(tls=security, context=NOT_AGREED[kind]()) as model:
        error = fails(model, security, sign_in)
    assert (error.fault, error.stage) == (Fault.TLS, Stage.TLS)


STRIPPED = b"250-model.test\r\n250 AUTH PLAIN LOGIN XOAUTH2\r\n"
OFFERED = b"250-model.test\r\n250-STARTTLS\r\n250 AUTH PLAIN LOGIN XOAUTH2\r\n"
INJECTED: dict[str, Sequence[Part]] = {
    "with it": [b"220 go ahead\r\n250-evil.test\r\n250 AUTH PLAIN\r\n"],
    "right after it": [b"220 go ahead\r\n", b"235 signed in\r\n"],
}


@MODES
@pytest.mark.parametrize(
    "reply", [b"502 5.5.1 no\r\n", b"454 4.7.0 not now\r\n", b"554 5.7.3 never\r\n", b"501 no\r\n"]
)
def test_starttls_that_is_refused_leaves_nothing_in_clear(reply: bytes, sign_in: SignIn) -> None:
    with ModelServer(scripted({"STARTTLS": reply}), tls="starttls", context=pki.server_context()) as model:
        error = fails(model, "starttls", sign_in)
    assert error.fault is (Fault.THROTTLED if reply.startswith(b"4") else Fault.TLS)
    assert error.stage is Stage.STARTTLS


@MODES
@pytest.mark.parametrize("answers", [{"EHLO": STRIPPED}, {"EHLO": b"500 5.5.1 what?\r\n"}], ids=["stripped", "HELO"])
def test_starttls_that_is_not_offered_leaves_nothing_in_clear(answers: dict[str, bytes], sign_in: SignIn) -> None:
    with ModelServer(scripted({**answers}), tls="starttls", context=pki.server_context()) as model:
        error = fails(model, "starttls", sign_in)
    assert (error.fault, error.stage) == (Fault.TLS, Stage.STARTTLS)
    assert "STARTTLS is not offered" in error.reply.text


@MODES
@pytest.mark.parametrize("way", INJECTED)
def test_replies_in_clear_after_starttls_count_for_nothing(way: str, sign_in: SignIn) -> None:
    script = scripted({"EHLO": OFFERED, "STARTTLS": INJECTED[way]})
    with ModelServer(script, tls="starttls", context=pki.server_context()) as model:
        error = fails(model, "starttls", sign_in)
    assert error.fault is Fault.TLS


@MODES
def test_what_was_offered_in_clear_counts_no_more_after_starttls(sign_in: SignIn) -> None:
    def script(verb: str, number: int) -> Sequence[Part]:
        return scripted({"EHLO": OFFERED if number == 0 else b"250 model.test\r\n"})(verb, number)

    with ModelServer(script, tls="starttls", context=pki.server_context()) as model:
        error = fails(model, "starttls", sign_in)
    assert (error.fault, error.stage) == (Fault.SIGN_IN, Stage.AUTH)


TRUSTED: dict[str, tuple[Callable[[], str], Callable[[], ssl.SSLContext]]] = {
    "the root": (pki.ca_pem, pki.server_context),
    "the root, and an intermediate is sent": (pki.ca_pem, pki.with_intermediate),
    "the issuing authority alone": (lambda: pki.issuing_authority().cert_pem.bytes().decode(), pki.with_intermediate),
    "the issuing authority, and nothing is sent": (
        lambda: pki.issuing_authority().cert_pem.bytes().decode(),
        pki.without_intermediate,
    ),
    "the server's own": (
        lambda: pki.leaf_of_issuing_authority().cert_chain_pems[0].bytes().decode(),
        pki.without_intermediate,
    ),
    "the server's own, self-signed": (lambda: pki.self_signed()[0], lambda: pki.self_signed()[1]),
    "a root without key identifiers": (lambda: pki.by_bare_authority()[0], lambda: pki.by_bare_authority()[1]),
    "one of several": (lambda: pki.ca_pem(pki.STRANGER) + pki.ca_pem(), pki.server_context),
    "one between bag attributes": (
        lambda: f"Bag Attributes\n    friendlyName: ca\n{pki.ca_pem()}\nKey Attributes: <none>\n",
        pki.server_context,
    ),
}


@WAYS
@pytest.mark.parametrize("kind", TRUSTED)
def test_a_certificate_that_an_administrator_trusts_is_trusted(kind: str, security: str) -> None:
    pem, make = TRUSTED[kind]
    with ModelServer(tls=security, context=make()) as model:
        send(server_at(model, security, ca_certificate=pem()), sign_in=by_password())
    assert [email.secure for email in model.taken] == [True]


@WAYS
@pytest.mark.parametrize("kind", ["the server's own", "the issuing authority alone"])
def test_a_trusted_certificate_counts_for_its_host_only(kind: str, security: str) -> None:
    pem, make = TRUSTED[kind]
    with ModelServer(tls=security, context=make()) as model:
        server = SmtpServer("127.0.0.1", model.port, security, ca_certificate=pem())
        error = fault_of_sending(server, limits=LIMITS, sign_in=by_password())
    assert error.fault is Fault.TLS
    assert "mismatch" in error.reply.text


def closing_on_clients_without_tls_1_0(wire: socket.socket) -> socket.socket:
    hello = wire.recv(4096, socket.MSG_PEEK)
    # The extension supported_versions (43) of a client that would accept TLS 1.0 as well lists 3.1.
    if b"\x03\x02\x03\x01" not in hello:
        raise OSError("closed without an alert")
    return pki.limited_to(pki.server_context(), ssl.TLSVersion.TLSv1).wrap_socket(wire, server_side=True)


@WAYS
def test_an_outdated_server_that_just_closes_is_named(security: str) -> None:
    with ModelServer(tls=security) as model:
        model.handshake = closing_on_clients_without_tls_1_0
        error = fails(model, security, by_password())
    assert (error.fault, error.stage) == (Fault.TLS, Stage.TLS)
    assert "only TLSv1" in error.reply.text


@WAYS
def test_a_server_that_went_away_is_not_called_outdated(security: str) -> None:
    def gone(wire: socket.socket) -> socket.socket:
        wire.recv(1, socket.MSG_PEEK)
        raise OSError("restarting")

    with ModelServer(tls=security) as model:
        model.handshake = gone
        error = fails(model, security, by_password())
    assert (error.fault, error.stage) == (Fault.UNREACHABLE, Stage.TLS)


def test_a_handshake_without_an_end_is_given_up() -> None:
    def silent(wire: socket.socket) -> socket.socket:
        model.over.wait(10)
        raise OSError

    with ModelServer(tls="tls") as model:
        model.handshake = silent
        server = server_at(model, "tls", ca_certificate=pki.ca_pem(), connect_timeout=0.3)
        error = fault_of_sending(server, limits=LIMITS)
    assert (error.fault, error.stage, error.timed_out) == (Fault.UNREACHABLE, Stage.TLS, True)


@pytest.mark.parametrize("end", [HANG_UP, RESET])
def test_a_port_that_speaks_in_clear_is_distinguished_from_one_that_closes(end: Part) -> None:
    with ModelServer(scripted({CONNECT: [b"220 model.test\r\n", 0.1, end]})) as model:
        error = fails(model, "tls", by_password())
    assert error.fault is Fault.TLS
    assert "WRONG_VERSION_NUMBER" in error.reply.text
