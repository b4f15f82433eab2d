"""SASL XOAUTH2 for SMTP, as Google's "XOAUTH2 protocol" and Microsoft's page on OAuth for SMTP describe it."""

import base64
import json
from dataclasses import dataclass

from notifications.backends.base import BackendError, Fault, Reply, Stage, TokenSource
from notifications.backends.smtp_auth import MASKED, encode, refusal, step, unsupported
from notifications.backends.smtp_session import SmtpSession
from notifications.backends.smtp_wire import ConnectionLost


@dataclass(frozen=True)
class XOAuth2SignIn:
    """Signs in as `user`; a token that is refused is refreshed once and tried once more."""

    user: str
    source: TokenSource

    def sign_in(self, session: SmtpSession, *, encrypted: bool) -> str:
        offered = session.extensions.get("AUTH", "").split()
        if "XOAUTH2" not in offered:
            raise unsupported("XOAUTH2", offered, session)
        token = self._token(session)
        reply = self._try(session, token)
        if reply.code == 535:
            session.trace.step("the server refused the access token; refreshing it")
            reply = self._once_more(session, token, reply)
        if reply.code != 235:
            raise refusal(reply)
        return "XOAUTH2"

    def _once_more(self, session: SmtpSession, token: str, refused: Reply) -> Reply:
        fresh = self._token(session, refused=token)
        try:
            return self._try(session, fresh)
        except ConnectionLost as error:
            # It was refused, and closing the connection on the second try does not make that a network fault.
            raise BackendError(Fault.SIGN_IN, refused, stage=Stage.AUTH) from error

    def _token(self, session: SmtpSession, refused: str = "") -> str:
        try:
            return self.source.token(session.limits.command, refused)
        except BackendError as error:
            error.stage = error.stage or Stage.TOKEN
            raise

    def _try(self, session: SmtpSession, token: str) -> Reply:
        session.trace.hide(token)
        answer = encode(f"user={self.user}\x01auth=Bearer {token}\x01\x01")
        reply = step(session, f"AUTH XOAUTH2 {answer}", f"AUTH XOAUTH2 {MASKED}", answer)
        if reply.code == 334 and not reply.text:
            # Microsoft documents an exchange in two steps; a server that knows only that one asks now.
            reply = step(session, answer, MASKED, answer)
        if reply.code != 334:
            return reply
        # The server gives the reason, in JSON, and expects an empty line before the code.
        final = step(session, "", "(empty line)")
        return Reply(final.code, final.enhanced, f"{final.text} {reason_in(reply.text)}".strip())


def reason_in(challenge: str) -> str:
    """`{"status":"401","schemes":"bearer","scope":…}` in words; what is not that is left out."""
    try:
        said = json.loads(base64.b64decode(challenge, validate=True))
    except (ValueError, RecursionError):
        return ""
    if not isinstance(said, dict):
        return ""
    parts = [f"{name} {said[name]}" for name in ("status", "scope") if isinstance(said.get(name), str)]
    return f"(the server's reason: {', '.join(parts)})" if parts else ""
