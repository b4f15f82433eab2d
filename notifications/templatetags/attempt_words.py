"""How one try reads: what it came to, and with which values it was made."""

import re

from django import template

from notifications.backends.base import Fault, Reply, Stage
from notifications.backends.smtp_replies import fault_of
from notifications.delivery.sender import UNSAVED
from notifications.models import Attempt, Mode

register = template.Library()

WORDS = {
    Fault.SIGN_IN: "Sign-in refused",
    Fault.SENDER: "Sender refused",
    Fault.TLS: "Connection not secure",
    Fault.RECONNECT: "Consent missing",
    Fault.SECRET: "Secret not readable",
}
STAGES = {"AUTH": Stage.AUTH, "MAIL": Stage.MAIL_FROM, "RCPT": Stage.RCPT, "DATA": Stage.END_OF_DATA}
COMMAND = re.compile(r"> (AUTH|MAIL|RCPT|DATA)\b")
REPLY = re.compile(r"(\d{3})(?: (\d\.\d+\.\d+))?")
TRIED = re.compile(rf"\* {UNSAVED}(.+)")
# The words of our own transports where no server replied.
OWN = (
    (Fault.SECRET, ("FERNET_KEYS",)),
    (Fault.TLS, ("CERTIFICATE_VERIFY_FAILED", "TLS with", "STARTTLS")),
    (Fault.RECONNECT, ("invalid_grant", "consent", "Authenticate")),
    (Fault.SIGN_IN, ("SMTP AUTH", "AADSTS", "invalid_client")),
)


@register.filter
def outcome_words(attempt: Attempt) -> str:
    """Only the class of a fault in the settings is stored; which one it was tells its reply."""
    if attempt.outcome != Attempt.Outcome.CONFIGURATION:
        return attempt.get_outcome_display()
    return WORDS.get(fault(attempt), "Settings do not work")


@register.filter
def values_words(attempt: Attempt) -> str:
    if attempt.settings_version != Attempt.UNSAVED:
        return f"settings version {attempt.settings_version}"
    tried = TRIED.search(attempt.transcript)
    return f"unsaved values ({tried[1]})" if tried else "unsaved values"


def fault(attempt: Attempt) -> Fault:
    reply = REPLY.fullmatch(attempt.code)
    if reply and attempt.mode != Mode.GRAPH:
        commands = COMMAND.findall(attempt.transcript)
        stage = STAGES[commands[-1]] if commands else Stage.GREETING
        return fault_of(Reply(int(reply[1]), reply[2] or "", attempt.text), stage)
    return next((found for found, signs in OWN if any(sign in attempt.text for sign in signs)), Fault.CONFIGURATION)
