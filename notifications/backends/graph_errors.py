"""What Graph's errors mean for a mail: by status and `error.code`, inner codes included, never by the message.

Codes: Microsoft, "Microsoft Graph error responses and resource types", "Throttling limits" and the error tables of
Outlook's API; the message is for people and changes without notice.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from notifications.backends.base import BackendError, Fault, Reply

CLASSES = {
    "ErrorInvalidRecipients": Fault.PERMANENT,
    "ErrorAccessDenied": Fault.CONFIGURATION,
    "Authorization_RequestDenied": Fault.CONFIGURATION,
    "NoPermissionsInAccessToken": Fault.CONFIGURATION,
    "InvalidAuthenticationToken": Fault.CONFIGURATION,
    "ErrorSendAsDenied": Fault.SENDER,
    "ErrorInvalidUser": Fault.SENDER,
    "Request_ResourceNotFound": Fault.SENDER,
    "ResourceNotFound": Fault.SENDER,
    "ErrorNonExistentMailbox": Fault.SENDER,
    # The mailbox is there, the draft in it is not: nothing that a setting would mend.
    "ErrorItemNotFound": Fault.TRANSIENT,
    "MailboxNotEnabledForRESTAPI": Fault.SENDER,
    "MailboxNotSupportedForRESTAPI": Fault.SENDER,
    # A day's or an hour's limit: time heals it, whatever status it comes with.
    "ErrorExceededMessageLimit": Fault.QUOTA,
    "ErrorExceededMaxRecipientLimit": Fault.QUOTA,
    # The sender's own mailbox is full; no mail gets out until somebody empties it.
    "ErrorQuotaExceeded": Fault.CONFIGURATION,
    "ErrorMessageSizeExceeded": Fault.PERMANENT,
    "RequestEntityTooLarge": Fault.PERMANENT,
    "ApplicationThrottled": Fault.THROTTLED,
    "TooManyRequests": Fault.THROTTLED,
    "activityLimitReached": Fault.THROTTLED,
}
STATUSES = {
    401: Fault.CONFIGURATION,
    403: Fault.CONFIGURATION,
    404: Fault.SENDER,
    408: Fault.TRANSIENT,
    # The draft was changed meanwhile, by whoever looks after the mailbox.
    409: Fault.TRANSIENT,
    412: Fault.TRANSIENT,
    423: Fault.TRANSIENT,
    429: Fault.THROTTLED,
}
DEEPEST = 5


class Refusal(BackendError):
    """Graph's own "no", with every code that it gave."""

    def __init__(self, fault: Fault, reply: Reply, status: int, codes: tuple[str, ...]) -> None:
        super().__init__(fault, reply)
        self.status = status
        self.codes = codes

    @property
    def leaves_doubt(self) -> bool:
        """A gateway's 5xx does not say what happened behind it."""
        return self.status >= 500

    @property
    def is_missing(self) -> bool:
        """The message is not there; a 404 with another code says that of the whole mailbox."""
        return self.status == 404 and "ErrorItemNotFound" in self.codes

    @property
    def is_denied(self) -> bool:
        """The app may not do this. A 403 has other reasons too: limits, a full mailbox, a foreign sender."""
        return self.status == 403 and self.fault is Fault.CONFIGURATION and "ErrorQuotaExceeded" not in self.codes


class Cut(Exception):
    """The request may have arrived and been done: there was no answer, or none that can be used."""


def refusal(response: requests.Response, reference: str) -> Refusal:
    error = error_in(response)
    codes = tuple(codes_of(error))
    text = str(error.get("message") or response.reason or "no reason given")
    reply = Reply(response.status_code, codes[0] if codes else "", text, reference, retry_after(response))
    return Refusal(fault_of(response, codes), reply, response.status_code, codes)


def fault_of(response: requests.Response, codes: tuple[str, ...]) -> Fault:
    """The innermost code that is known decides: the outer one is often only a category."""
    known = [CLASSES[code] for code in codes if code in CLASSES]
    if known:
        return known[-1]
    status = response.status_code
    if status >= 500:
        # With a time named, it speaks for every mail.
        return Fault.THROTTLED if retry_after(response) is not None else Fault.TRANSIENT
    if status < 400:
        # A redirect is never followed: it would carry the token elsewhere.
        return Fault.TRANSIENT
    return STATUSES.get(status, Fault.PERMANENT)


def error_in(response: requests.Response) -> dict[str, Any]:
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def codes_of(error: dict[str, Any]) -> Iterator[str]:
    """`error.code` and those of the inner errors, outermost first."""
    for _ in range(DEEPEST):
        if isinstance(error.get("code"), str):
            yield error["code"]
        inner = error.get("innerError") or error.get("innererror")
        if not isinstance(inner, dict):
            return
        error = inner


def retry_after(response: requests.Response) -> timedelta | None:
    """RFC 9110 10.2.3: seconds or a date. Whatever makes no sense is as good as none."""
    text = response.headers.get("Retry-After", "").strip()
    if not text:
        return None
    try:
        return timedelta(seconds=int(text))
    except OverflowError:
        return timedelta.max
    except ValueError:
        return until(text)


def until(text: str) -> timedelta | None:
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)
