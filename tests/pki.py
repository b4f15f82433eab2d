"""Throw-away certificates: a good authority, a stranger, and certificates that are wrong in one way."""

import ssl
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import trustme

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


TRUSTED = "mailadmin tests"
STRANGER = "a stranger"


@cache
def authority(name: str) -> trustme.CA:
    return trustme.CA(organization_name=name)


def ca_pem(name: str = TRUSTED) -> str:
    return authority(name).cert_pem.bytes().decode()


def server_context(*names: str, signed_by: str = TRUSTED, expired: bool = False) -> ssl.SSLContext:
    """A server's side of TLS for `names` (localhost and 127.0.0.1 when none are given)."""
    ends = {"not_before": LONG_AGO, "not_after": LONG_AGO.replace(year=2021)} if expired else {}
    certificate = authority(signed_by).issue_cert(*(names or ("localhost", "127.0.0.1")), **ends)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def write_server(folder: Path) -> None:
    """ca.pem, server.pem and server.key for localhost, for servers that read files; readable by their users."""
    certificate = authority(TRUSTED).issue_cert("localhost", "127.0.0.1")
    authority(TRUSTED).cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_pem.write_to_path(folder / "server.key")
    (folder / "server.pem").write_bytes(b"".join(blob.bytes() for blob in certificate.cert_chain_pems))
