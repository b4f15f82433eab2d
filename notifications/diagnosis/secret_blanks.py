"""Whether blanks in a secret may be why a sign-in was refused."""

from notifications.blanks import odd_blanks
from notifications.diagnosis.reading import read
from notifications.models import Attempt, MailServerSettings, Mode

SECRETS = {Mode.BASIC: "password", Mode.OAUTH2: "client_secret", Mode.GRAPH: "client_secret"}
# A mail server's replies to AUTH, and what Microsoft and Google answer to a wrong client secret.
REFUSED_SIGN_IN = {"534", "535", "5.7.8", "5.7.9", "invalid_client", "aadsts7000215"}


def note_of(server: MailServerSettings, mode: str) -> str:
    """A sentence about the blanks in the secret that `server` has for `mode`; empty without any."""
    return sentence(mode, odd_blanks(getattr(server, f"{mode}_{SECRETS[Mode(mode)]}")))


def note_for(attempt: Attempt | None) -> str:
    """The same for an attempt with the values in force that was refused at the sign-in; others' values are gone."""
    server = MailServerSettings.load()
    if attempt is None or attempt.settings_version != server.version or not is_refused_sign_in(attempt):
        return ""
    return note_of(server, attempt.mode)


def note_after(attempt: Attempt, blanks: str) -> str:
    """The same for an attempt whose secret contained `blanks`, as `odd_blanks` named them."""
    return sentence(attempt.mode, blanks) if is_refused_sign_in(attempt) else ""


def is_refused_sign_in(attempt: Attempt) -> bool:
    return not read(attempt.code, attempt.text, attempt.mode).tokens.isdisjoint(REFUSED_SIGN_IN)


def sentence(mode: str, blanks: str) -> str:
    word = SECRETS[Mode(mode)].replace("_", " ")
    return f"The {word} contains {blanks}. Enter it again without, unless that is part of it." if blanks else ""
