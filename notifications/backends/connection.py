"""A TCP connection to a checked address, within a time limit that covers the name lookup too."""

import ipaddress
import queue
import socket
import ssl
import threading

from notifications.backends.base import BackendError, Fault, Reply, Stage

# Cloud machines answer here with credentials of their own; no mail server lives there.
METADATA = {ipaddress.ip_address("fd00:ec2::254"), ipaddress.ip_address("100.100.100.200")}
NAT64 = ipaddress.ip_network("64:ff9b::/96")


def connect(host: str, port: int, timeout: float) -> socket.socket:
    """Connect to `host`: `timeout` seconds for the name lookup, and for each address in turn. Raises BackendError."""
    failure = f"{host} has no address"
    for address in resolve(host, port, timeout):
        if is_forbidden(address):
            raise BackendError(
                Fault.CONFIGURATION, Reply(text=f"{host}: this address is never a mail server's"), stage=Stage.CONNECT
            )
        try:
            # The checked address itself, so that a second lookup cannot lead elsewhere.
            sock = socket.create_connection((address, port), timeout)
        except OSError as error:
            failure = f"{host}:{port} ({address}): {reason(error)}"
        else:
            # Nagle's algorithm keeps the final dot back until the mail is acknowledged: 40 ms for each mail.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
    raise BackendError(Fault.UNREACHABLE, Reply(text=f"Could not connect to {failure}"), stage=Stage.CONNECT)


def resolve(host: str, port: int, timeout: float) -> list[str]:
    """The addresses of `host`. getaddrinfo knows no time limit, so it runs in a thread that may be left behind."""
    answers: queue.Queue[list[str] | OSError] = queue.Queue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answers.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))
        except (OSError, UnicodeError) as error:
            answers.put(OSError(str(error)) if isinstance(error, UnicodeError) else error)

    threading.Thread(target=look_up, daemon=True).start()
    try:
        answer = answers.get(timeout=timeout)
    except queue.Empty:
        answer = TimeoutError("the name lookup did not answer in time")
    if isinstance(answer, OSError):
        raise BackendError(Fault.UNREACHABLE, Reply(text=f"{host}: {reason(answer)}"), stage=Stage.DNS) from answer
    return answer


def is_forbidden(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        # ipaddress of Python 3.11 does not call ::ffff:169.254.169.254 link-local.
        inner = ip.ipv4_mapped or (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in NAT64 else None)
        ip = inner or ip
    return ip.is_link_local or ip.is_unspecified or ip.is_multicast or ip in METADATA


def reason(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return error.strerror or str(error) or type(error).__name__


def tls_context(ca_certificate: str) -> ssl.SSLContext:
    """Verifies certificate and host name, always; `ca_certificate` (PEM) replaces the system's authorities."""
    context = ssl.create_default_context(cadata=ca_certificate or None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def start_tls(plain: socket.socket, host: str, context: ssl.SSLContext, timeout: float) -> ssl.SSLSocket:
    """Raises BackendError: TLS when the other side cannot be trusted, UNREACHABLE when it went away."""
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
        raise BackendError(Fault.UNREACHABLE, Reply(text=text), stage=Stage.TLS) from error
    except (ssl.SSLError, OSError) as error:
        plain.close()
        text = f"TLS with {host} failed: {reason(error)}"
        raise BackendError(Fault.TLS, Reply(text=text), stage=Stage.TLS) from error
