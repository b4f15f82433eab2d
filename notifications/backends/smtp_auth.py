"""SASL for SMTP (RFC 4954) with a user and a password: one mechanism, unless the server turns that one down.

smtplib's login() goes on to LOGIN after a refused PLAIN, which counts as two failures with servers that lock accounts;
it also cannot send a password beyond ASCII.
"""

import base64
import hmac
import re
from dataclasses import dataclass, field
from enum import Enum, auto

from notifications.backends.base import BackendError, Fault, Reply, Stage
from notifications.backends.smtp_replies import fault_of
from notifications.backends.smtp_session import ANY, SmtpSession

MASKED = "••••••••"
# With TLS the plainest is the most reliable; without it CRAM-MD5 at least does not show the password.
OVER_TLS = ("PLAIN", "LOGIN", "CRAM-MD5")
IN_CLEAR = ("CRAM-MD5", "PLAIN", "LOGIN")
# About the mechanism and not about the password (RFC 4954 4 and 6): 504, and 500 or 502 for one without AUTH's forms.
NOT_THIS_WAY = (500, 501, 502, 504)
MECHANISM = re.compile(
    r"mechanism|authentication (type|method|scheme)|auth (type|method)|unrecogni[sz]ed auth", re.IGNORECASE
)
PASSWORD_PROMPT = re.compile(
    r"pass|pwd|kennwort|secret|mot de|contrase|senha|wachtwoord|парол|密码|パス", re.IGNORECASE
)
USER_PROMPT = re.compile(
    r"user|name|login|account|nutzer|usuario|utili[sz]at|mail|логин|имя|用户|ユーザ", re.IGNORECASE
)


class Asked(Enum):
    USER = auto()
    PASSWORD = auto()


@dataclass(frozen=True)
class PasswordSignIn:
    user: str
    password: str = field(repr=False)

    def sign_in(self, session: SmtpSession, *, encrypted: bool) -> str:
        """Sign in and return the mechanism that was used. Raises BackendError."""
        offered = session.extensions.get("AUTH", "").split()
        mechanisms = [name for name in (OVER_TLS if encrypted else IN_CLEAR) if name in offered]
        if not mechanisms:
            raise unsupported("a password", offered, session)
        for mechanism in mechanisms:
            reply = self._by(mechanism, session)
            if reply.code == 235:
                return mechanism
            if not is_about_mechanism(reply):
                break
            session.trace.step(f"the server turns down {mechanism}, which it offers")
        raise refusal(reply)

    def _by(self, mechanism: str, session: SmtpSession) -> Reply:
        ways = {"PLAIN": self._plain, "LOGIN": self._login, "CRAM-MD5": self._cram_md5}
        return ways[mechanism](session)

    def _plain(self, session: SmtpSession) -> Reply:
        credentials = encode("\0".join(("", self.user, self.password)))
        reply = step(session, f"AUTH PLAIN {credentials}", f"AUTH PLAIN {MASKED}", credentials)
        if reply.code == 334 and not reply.text:
            # Asked again, with RFC 4954's empty challenge: the server did not read the initial response.
            reply = step(session, credentials, MASKED, credentials)
        return cancelled(session, reply) if reply.code == 334 else reply

    def _login(self, session: SmtpSession) -> Reply:
        """LOGIN has no initial response (draft-murchison-sasl-login): some servers ignore one and ask for the user."""
        reply, open_questions = step(session, "AUTH LOGIN"), [Asked.USER, Asked.PASSWORD]
        while reply.code == 334:
            asked = asked_for(prompt(reply.text), open_questions)
            if asked not in open_questions:
                return cancelled(session, reply)
            open_questions.remove(asked)
            answer = encode(self.password if asked is Asked.PASSWORD else self.user)
            reply = step(session, answer, MASKED, answer if asked is Asked.PASSWORD else "")
        return reply

    def _cram_md5(self, session: SmtpSession) -> Reply:
        reply = step(session, "AUTH CRAM-MD5")
        if reply.code != 334:
            return reply
        try:
            challenge = base64.b64decode(reply.text, validate=True)
        except ValueError:
            return cancelled(session, reply)
        answer = encode(f"{self.user} {hmac.new(self.password.encode(), challenge, 'md5').hexdigest()}")
        reply = step(session, answer, MASKED, answer)
        return cancelled(session, reply) if reply.code == 334 else reply


def step(session: SmtpSession, line: str, shown: str = "", secret: str = "") -> Reply:
    """Send one line of AUTH. `shown` is what the trace keeps; `secret` is masked, for some servers repeat it."""
    session.trace.hide(secret)
    return session.command(line, Stage.AUTH, ANY, shown=shown)


def cancelled(session: SmtpSession, challenge: Reply) -> Reply:
    """Answer what cannot be answered with `*` (RFC 4954 4), and return why that is no sign-in."""
    refused = step(session, "*")
    text = f"The server asked for something unexpected: {prompt(challenge.text)[:80]} ({refused.codes} {refused.text})"
    return Reply(refused.code if refused.code >= 400 else 0, refused.enhanced, text)


def asked_for(text: str, open_questions: list[Asked]) -> Asked:
    """What a prompt of LOGIN asks for; where it names neither or both, the usual order: user, then password."""
    names_user, names_password = USER_PROMPT.search(text), PASSWORD_PROMPT.search(text)
    if bool(names_user) is bool(names_password):
        return open_questions[0] if open_questions else Asked.USER
    return Asked.USER if names_user else Asked.PASSWORD


def prompt(challenge: str) -> str:
    """A challenge as text: base64 by RFC 4954, yet some servers send it as it is."""
    try:
        text = base64.b64decode(challenge, validate=True).decode()
    except ValueError:
        return challenge
    text = text.strip("\0 ")
    return text if text.isprintable() else challenge


def is_about_mechanism(reply: Reply) -> bool:
    """535 is about the password, whatever its text says, and 538 about encryption: neither helps with another one."""
    if reply.code in (0, 535, 538) or reply.code // 100 != 5:
        return False
    return reply.code in NOT_THIS_WAY or bool(MECHANISM.search(reply.text))


def unsupported(what: str, offered: list[str], session: SmtpSession) -> BackendError:
    offers = f"only {', '.join(offered)}" if offered else "no sign-in"
    text = f"SMTP AUTH with {what} is not supported by server: it offers {offers} on this connection"
    return BackendError(Fault.SIGN_IN, Reply(text=text + session.why_no_extensions), stage=Stage.AUTH)


def refusal(reply: Reply) -> BackendError:
    """Anything but 235 is no sign-in, even another 2yz: sending on would be sending unauthenticated."""
    fault = fault_of(reply, Stage.AUTH) if reply.code >= 400 else Fault.SIGN_IN
    return BackendError(fault, reply, stage=Stage.AUTH)


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
