"""HTTPS endpoints whose certificate or protocol is wrong in one way; each notes every byte that it could read."""

import datetime
import socket
import ssl
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.pki import STRANGER, server_context

REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


def self_signed() -> ssl.SSLContext:
    """A certificate for localhost that only vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "both.pem"
        path.write_bytes(certificate.public_bytes(pem) + private)
        context.load_cert_chain(path)
    return context


def old_protocol() -> ssl.SSLContext:
    """TLS 1.1 at most, which no release of ours has ever spoken."""
    context = server_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        # Python warns of what is the point here.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    return context


WRONG: dict[str, Callable[[], ssl.SSLContext]] = {
    "expired": lambda: server_context(expired=True),
    "of another host": lambda: server_context("elsewhere.test"),
    "self-signed": self_signed,
    "of an unknown authority": lambda: server_context(signed_by=STRANGER),
    "old protocol": old_protocol,
}


@cache
def context_of(wrong: str) -> ssl.SSLContext:
    return WRONG[wrong]()


class WrongEndpoint:
    """Listens at `base` while the `with` block runs. `heard`: what it read, after the handshake or without one."""

    def __init__(self, wrong: str) -> None:
        self._context = context_of(wrong)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base = f"https://localhost:{self._listener.getsockname()[1]}"
        self.heard = b""
        self.connections = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="wrong endpoint", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        connection.settimeout(10)
        with suppress(OSError), self._context.wrap_socket(connection, server_side=True) as secured:
            while piece := secured.recv(65536):
                self.heard += piece
                secured.sendall(REPLY)
