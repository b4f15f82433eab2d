"""TLS that is verified or does not happen (RFC 8314, RFC 3207)."""

import socket
import ssl

from notifications.backends.base import BackendError, Fault, Reply, Stage
from notifications.backends.connection import reason

OLD_VERSIONS = ("SSLv3", "TLSv1", "TLSv1.1")


class HandshakeEnded(BackendError):
    """The server closed the connection during the handshake, without a reason."""


def tls_context(ca_certificate: str) -> ssl.SSLContext:
    """Return a context that verifies certificate and host name, always, with TLS 1.2 or newer.

    `ca_certificate` (PEM) replaces the system's authorities. Whatever an administrator put there is trusted as it is: a
    root, an issuing authority without its root, or the server's own certificate.
    """
    context = ssl.create_default_context(cadata=ca_certificate or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_certificate:
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        # Python 3.13 sets it; it rejects authorities without key identifiers, which hand-made ones often lack.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def start_tls(plain: socket.socket, host: str, context: ssl.SSLContext, timeout: float) -> ssl.SSLSocket:
    """Return the secured connection. Raises BackendError: TLS when the server cannot be trusted, else UNREACHABLE."""
    plain.settimeout(timeout)
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except ssl.SSLCertVerificationError as error:
        plain.close()
        text = f"CERTIFICATE_VERIFY_FAILED: {error.verify_message} (certificate shown by {host})"
        raise BackendError(Fault.TLS, Reply(text=text), stage=Stage.TLS) from error
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError, TimeoutError) as error:
        plain.close()
        text = f"{host} ended the TLS handshake: {reason(error)}"
        timed_out = isinstance(error, TimeoutError)
        kind = BackendError if timed_out else HandshakeEnded
        raise kind(Fault.UNREACHABLE, Reply(text=text), stage=Stage.TLS, timed_out=timed_out) from error
    except (ssl.SSLError, OSError) as error:
        plain.close()
        text = f"TLS with {host} failed: {reason(error)}"
        raise BackendError(Fault.TLS, Reply(text=text), stage=Stage.TLS) from error


def old_version_of(plain: socket.socket, host: str, timeout: float) -> str:
    """Return `TLSv1` or the like when the server completes a handshake with an outdated version only, else "".

    Some servers close the connection on a client that requires more than they have, exactly as one does that is being
    restarted. Nothing is sent over this connection; its certificate is of no interest.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    plain.settimeout(timeout)
    try:
        with context.wrap_socket(plain, server_hostname=host) as secured:
            version = secured.version() or ""
    except OSError:
        plain.close()
        return ""
    return version if version in OLD_VERSIONS else ""
