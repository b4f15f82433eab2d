"""What can go wrong between the panel and a provider, by what helps.

Microsoft asks programs not to act on AADSTS numbers or texts (its "Microsoft Entra error codes" page): only the OAuth
`error` value decides here; numbers and texts are for the explanation.
"""

from datetime import timedelta
from enum import StrEnum

from notifications.masking import mask


class Remedy(StrEnum):
    RECONNECT = "reconnect"  # an administrator has to press Authenticate
    SETTINGS = "settings"  # the registration or the values on the page are wrong
    TLS = "tls"  # the provider's certificate or protocol cannot be trusted from here
    WAIT = "wait"  # the provider cannot be reached or is busy


RECONNECT_ERRORS = {"invalid_grant", "interaction_required", "consent_required", "login_required", "access_denied"}
# The last ones are Google's.
WAIT_ERRORS = {
    *("temporarily_unavailable", "server_error", "slow_down"),
    *("internal_failure", "backend_error", "rate_limit_exceeded"),
}


class OAuthFailure(Exception):
    """The one error that leaves this room. `code` is the OAuth error value, `text` the provider's words.

    `retry_after`: with WAIT, when the next call is due, where that is known.
    """

    def __init__(self, remedy: Remedy, code: str, text: str, retry_after: timedelta | None = None) -> None:
        self.remedy, self.retry_after = remedy, retry_after
        self.code, self.text = one_line(mask(code)), one_line(mask(text))
        super().__init__(f"{self.code}: {self.text}" if self.code else self.text)


def failure(code: str, text: str) -> OAuthFailure:
    """From an OAuth error answer (RFC 6749 5.2, OpenID Connect Core 3.1.2.6)."""
    if code in RECONNECT_ERRORS:
        return OAuthFailure(Remedy.RECONNECT, code, text)
    if code in WAIT_ERRORS:
        return OAuthFailure(Remedy.WAIT, code, text)
    return OAuthFailure(Remedy.SETTINGS, code, text)


def one_line(text: str) -> str:
    """A provider's words, or an attacker's, made fit to store and show: no control characters, no lone surrogates."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
