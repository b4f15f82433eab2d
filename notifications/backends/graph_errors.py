"""Graph's error replies: the codes that they carry, and what notifications.backends.graph_faults makes of them."""

import json
import re
from collections.abc import Iterator
from typing import Any

import requests

from notifications.backends.base import BackendError, Reply
from notifications.backends.graph_faults import (
    BY_STATUS,
    DENIED,
    FOREIGN_ID,
    MISSING,
    STAGES,
    TOO_MANY_RECIPIENTS,
    Call,
    decide,
    known,
)
from notifications.outbound import retry_after

DEEPEST = 5
CODE = re.compile(r"[\w.:-]{1,100}", re.ASCII)


class Refusal(BackendError):
    """An error reply of Graph, or of a gateway before it, with every code that it carried."""

    def __init__(self, call: Call, reply: Reply, codes: tuple[str, ...]) -> None:
        fault = decide(call, reply.code, codes, names_a_time=reply.retry_after is not None)
        super().__init__(fault, reply, stage=STAGES[call])
        self.status = reply.code
        self.codes = codes
        self._meaning = known(self.status, codes)

    @property
    def is_clear(self) -> bool:
        """Whether Graph itself said why; a proxy's or a gateway's error page does not say what happened behind it."""
        return self._meaning is not None or self.status in BY_STATUS

    @property
    def leaves_doubt(self) -> bool:
        """Whether the request may have been carried out all the same."""
        return self.status >= 500 and not self.is_clear

    @property
    def is_missing(self) -> bool:
        """Whether the message is not there; a 404 with another code says that of the whole mailbox."""
        return self.status == 404 and self._meaning is MISSING

    @property
    def is_foreign(self) -> bool:
        """Whether the message's id is none of this mailbox."""
        return self._meaning is FOREIGN_ID

    @property
    def is_denied(self) -> bool:
        """Whether the app lacks the permission. A 403 has other reasons too: limits, a full mailbox, another sender."""
        return self.status == 403 and self._meaning is DENIED

    @property
    def is_too_many_recipients(self) -> bool:
        return self._meaning is TOO_MANY_RECIPIENTS


class Cut(Exception):
    """The request may have been carried out: there was no reply, or none that says so. `timed_out`: none in time."""

    def __init__(self, text: str, *, timed_out: bool = False) -> None:
        super().__init__(text)
        self.timed_out = timed_out


def refusal(call: Call, response: requests.Response, reference: str) -> Refusal:
    """Return what an error reply to `call` means. Inner codes count: the outer one is often only a category."""
    error = error_in(response)
    codes = tuple(codes_of(error))
    text = str(error.get("message") or response.reason or "no reason given")
    reply = Reply(response.status_code, codes[0] if codes else "", text, reference, retry_after(response))
    return Refusal(call, reply, codes)


def error_in(response: requests.Response) -> dict[str, Any]:
    """Return the `error` object (learn.microsoft.com/graph/errors); empty where there is none."""
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, str):
        # As OAuth has it (RFC 6750 3.1), which the gateway before Graph uses.
        return {"code": error, "message": body.get("error_description")}
    return error if isinstance(error, dict) else {}


def codes_of(error: dict[str, Any]) -> Iterator[str]:
    """Return `error.code` and those of the inner errors, outermost first."""
    for _ in range(DEEPEST):
        code = error.get("code")
        if isinstance(code, str) and CODE.fullmatch(code):
            yield code
        inner = error.get("innerError") or error.get("innererror")
        if not isinstance(inner, dict):
            return
        error = inner
