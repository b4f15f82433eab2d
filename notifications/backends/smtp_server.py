"""Where an SMTP server is, how to connect to it, and how to sign in there."""

import ipaddress
from dataclasses import dataclass
from typing import Protocol

from notifications.backends.smtp_session import SmtpSession


@dataclass(frozen=True)
class SmtpServer:
    """`security` is none, starttls or tls; `connect_timeout` is in seconds, for each of name lookup, TCP and TLS.

    `most_recipients` is how many RCPT the server takes in one transaction, None when it has no such limit.
    """

    host: str
    port: int
    security: str
    connect_timeout: float = 10.0
    ca_certificate: str = ""
    allow_clear_password: bool = False
    ehlo_name: str = ""
    most_recipients: int | None = None

    @property
    def is_loopback(self) -> bool:
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == "localhost"


class SignIn(Protocol):
    """How the backend proves who it is."""

    def sign_in(self, session: SmtpSession, *, encrypted: bool) -> str:
        """Sign in and return the mechanism's name. Raises BackendError or ConnectionLost."""
