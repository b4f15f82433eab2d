"""SASL for SMTP (RFC 4954) with a user and a password: one mechanism, one try.

smtplib's login() tries PLAIN and then LOGIN, which counts as two failures with servers that lock accounts; it also
cannot send a password beyond ASCII.
"""

import base64
import hmac
from dataclasses import dataclass, field

from notifications.backends.base import BackendError, Fault, Reply, Stage
from notifications.backends.smtp_replies import fault_of
from notifications.backends.smtp_session import SmtpSession

MASKED = "••••••••"
# With TLS the plainest is the most reliable; without it CRAM-MD5 at least does not show the password.
OVER_TLS = ("PLAIN", "LOGIN", "CRAM-MD5")
IN_CLEAR = ("CRAM-MD5", "PLAIN", "LOGIN")


@dataclass(frozen=True)
class PasswordSignIn:
    user: str
    password: str = field(repr=False)

    def sign_in(self, session: SmtpSession, *, encrypted: bool) -> str:
        """Sign in and return the mechanism that was used. Raises BackendError."""
        offered = session.esmtp_features.get("auth", "").upper().split()
        mechanism = next((name for name in (OVER_TLS if encrypted else IN_CLEAR) if name in offered), None)
        if mechanism is None:
            what = f"only {', '.join(offered)}" if offered else "no sign-in"
            text = f"SMTP AUTH with a password is not supported by server: it offers {what} on this connection"
            raise BackendError(Fault.SIGN_IN, Reply(text=text), stage=Stage.AUTH)
        reply = {"PLAIN": self._plain, "LOGIN": self._login, "CRAM-MD5": self._cram_md5}[mechanism](session)
        if reply.code != 235:
            # Anything but 235 is no sign-in, even another 2yz: sending on would be sending unauthenticated.
            fault = fault_of(reply, Stage.AUTH) if reply.code >= 400 else Fault.SIGN_IN
            raise BackendError(fault, reply, stage=Stage.AUTH)
        return mechanism

    def _plain(self, session: SmtpSession) -> Reply:
        credentials = encode("\0".join(("", self.user, self.password)))
        return session.secret_command(f"AUTH PLAIN {credentials}", f"AUTH PLAIN {MASKED}")

    def _login(self, session: SmtpSession) -> Reply:
        reply = session.secret_command(f"AUTH LOGIN {encode(self.user)}", f"AUTH LOGIN {MASKED}")
        return session.secret_command(encode(self.password), MASKED) if reply.code == 334 else reply

    def _cram_md5(self, session: SmtpSession) -> Reply:
        reply = session.command("AUTH CRAM-MD5", Stage.AUTH)
        if reply.code != 334:
            return reply
        try:
            challenge = base64.b64decode(reply.text, validate=True)
        except ValueError:
            return Reply(text=f"the challenge is not base64: {reply.text[:80]}")
        answer = hmac.new(self.password.encode(), challenge, "md5").hexdigest()
        return session.secret_command(encode(f"{self.user} {answer}"), MASKED)


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
