"""SASL XOAUTH2 for SMTP, as Google's "XOAUTH2 protocol" and Microsoft's page on OAuth for SMTP describe it."""

import base64
import json
from dataclasses import dataclass

from notifications.backends.base import BackendError, Fault, Reply, Stage, TokenSource
from notifications.backends.smtp_auth import MASKED, encode
from notifications.backends.smtp_replies import fault_of
from notifications.backends.smtp_session import ConnectionLost, SmtpSession


@dataclass(frozen=True)
class XOAuth2SignIn:
    """Signs in as `user`; a token that is refused is refreshed once and tried once more."""

    user: str
    source: TokenSource

    def sign_in(self, session: SmtpSession, *, encrypted: bool) -> str:
        offered = session.esmtp_features.get("auth", "").upper().split()
        if "XOAUTH2" not in offered:
            what = f"only {', '.join(offered)}" if offered else "no sign-in"
            text = f"SMTP AUTH with XOAUTH2 is not supported by server: it offers {what} on this connection"
            raise BackendError(Fault.SIGN_IN, Reply(text=text), stage=Stage.AUTH)
        token = self._token(session)
        reply = self._try(session, token)
        if reply.code == 535:
            session.trace.step("the server refused the access token; refreshing it")
            reply = self._once_more(session, token, reply)
        if reply.code != 235:
            # Anything but 235 is no sign-in, even another 2yz: sending on would be sending unauthenticated.
            fault = fault_of(reply, Stage.AUTH) if reply.code >= 400 else Fault.SIGN_IN
            raise BackendError(fault, reply, stage=Stage.AUTH)
        return "XOAUTH2"

    def _once_more(self, session: SmtpSession, token: str, refusal: Reply) -> Reply:
        fresh = self._token(session, refused=token)
        try:
            return self._try(session, fresh)
        except ConnectionLost as error:
            # It was refused, and hanging up on the second try does not make that a broken line.
            raise BackendError(Fault.SIGN_IN, refusal, stage=Stage.AUTH) from error

    def _token(self, session: SmtpSession, refused: str = "") -> str:
        try:
            return self.source.token(session.limits.command, refused)
        except BackendError as error:
            error.stage = error.stage or Stage.TOKEN
            raise

    def _try(self, session: SmtpSession, token: str) -> Reply:
        session.trace.hide(token)
        answer = encode(f"user={self.user}\x01auth=Bearer {token}\x01\x01")
        reply = session.secret_command(f"AUTH XOAUTH2 {answer}", f"AUTH XOAUTH2 {MASKED}")
        if reply.code != 334:
            return reply
        # The server says why, in JSON, and waits for an empty line before it gives the code.
        reason = challenge(reply.text)
        final = session.secret_command("", "(empty line)")
        return Reply(final.code, final.enhanced, f"{final.text} {reason}".strip())


def challenge(text: str) -> str:
    """`{"status":"401","schemes":"bearer","scope":…}` in words; what is not that is left out."""
    try:
        said = json.loads(base64.b64decode(text, validate=True))
    except ValueError:
        return ""
    if not isinstance(said, dict):
        return ""
    parts = [f"{name} {said[name]}" for name in ("status", "scope") if isinstance(said.get(name), str)]
    return f"(the server's reason: {', '.join(parts)})" if parts else ""
