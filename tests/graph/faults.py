"""What goes wrong on demand: a list of rules, each for a number of requests, or a dice with a seed."""

import random
import threading
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from tests.graph.wire import Answer, GraphError, Kind, Request


class Moment(StrEnum):
    BEFORE = "before"  # nothing is done
    AFTER = "after"  # it is done, then
    EARLY = "early"  # answered before the request's body was read, and the connection is closed
    WITHIN = "within"  # half of the request's body has been read, and of an upload's range that half is kept


@dataclass(frozen=True)
class Fault:
    """`says` takes the place of the true answer; with None the connection is cut. `adds` only adds headers to it."""

    name: str
    moment: Moment
    says: Answer | GraphError | None = None
    adds: dict[str, str] = field(default_factory=dict)

    def answer(self, request: Request) -> Answer | None:
        return self.says.answer(request) if isinstance(self.says, GraphError) else self.says


CODES = {
    500: ("ErrorInternalServerError", "An internal server error occurred. The operation failed."),
    502: ("UnknownError", ""),
    503: ("ServiceUnavailable", "The service is temporarily unavailable."),
    504: ("UnknownError", ""),
    429: ("ApplicationThrottled", "Application is over its MailboxConcurrency limit."),
    401: ("InvalidAuthenticationToken", "Access token has expired or is not yet valid."),
    413: ("RequestEntityTooLarge", "The maximum request length supported is 4MB."),
}
DENIED = "Access is denied. Check credentials and try again."


def cut_before() -> Fault:
    """The request came whole; the connection breaks before anything is done."""
    return Fault("cut before accepting", Moment.BEFORE)


def cut_after() -> Fault:
    """It is done, and nobody is told."""
    return Fault("cut after accepting", Moment.AFTER)


def cut_within() -> Fault:
    return Fault("cut in the middle", Moment.WITHIN)


def failing(
    status: int,
    code: str = "",
    message: str = "",
    *,
    after: bool = False,
    retry_after: str | None = None,
    inner_code: str = "",
) -> Fault:
    """An error in Graph's shape; `after` it was done all the same. `retry_after` goes out as it is."""
    usual_code, usual_message = CODES.get(status, ("UnknownError", ""))
    error = GraphError(
        status, code or usual_code, message or usual_message, inner_code=inner_code, retry_after=retry_after
    )
    moment = Moment.AFTER if after else Moment.BEFORE
    return Fault(f"{status} {error.code} {moment} accepting", moment, error)


def throttled(retry_after: str | None = "1") -> Fault:
    return failing(429, retry_after=retry_after)


def denied(code: str = "ErrorAccessDenied", message: str = DENIED) -> Fault:
    return failing(403, code, message)


def slowed(retry_after: str) -> Fault:
    """Done and said so, with a Retry-After that asks for a pause: 202 with Retry-After."""
    return Fault(f"done, Retry-After {retry_after}", Moment.AFTER, adds={"Retry-After": retry_after})


def redirect(status: int, where: str, *, after: bool = False) -> Fault:
    moment = Moment.AFTER if after else Moment.BEFORE
    return Fault(f"{status} to {where}", moment, Answer(status, b"", {"Location": where}))


def saying(
    status: int,
    body: bytes,
    content_type: str = "text/html; charset=utf-8",
    *,
    after: bool = False,
    drips: bool = False,
) -> Fault:
    """Any bytes: HTML, 10 MB, or one that `drips` and never ends."""
    moment = Moment.AFTER if after else Moment.BEFORE
    return Fault(f"{status} of {content_type}", moment, Answer(status, body, {"Content-Type": content_type}, drips))


def early(status: int, body: bytes = b"") -> Fault:
    """Nothing of the request's body was read, and nothing is done."""
    return Fault(f"{status} too early", Moment.EARLY, Answer(status, body))


def doubled(status: int = 202, *, after: bool = True) -> Fault:
    """Done, and answered twice; the second time as a server does that repeats no client-request-id."""
    twice = f"HTTP/1.1 {status} Again\r\nContent-Length: 0\r\n\r\n".encode()
    moment = Moment.AFTER if after else Moment.BEFORE
    return Fault(f"{status} twice", moment, Answer(status, b"", {"client-request-id": ""}, more=twice))


HTML = b"<!doctype html><html><body><h1>504 Gateway Time-out</h1></body></html>"


@dataclass
class Rule:
    """`times` counts down, None is for ever; the first `skip` requests that fit get away. Empty fits all."""

    fault: Fault
    on: frozenset[Kind]
    times: int | None
    skip: int
    mailbox: str

    def fits(self, request: Request) -> bool:
        return (not self.on or request.kind in self.on) and self.mailbox in ("", request.mailbox) and self.times != 0

    def take(self) -> bool:
        if self.skip:
            self.skip -= 1
            return False
        if self.times:
            self.times -= 1
        return True


class Dice:
    """A fault for each request with this probability, chosen at random; the same seed, the same row of throws."""

    def __init__(self, probability: float, faults: Iterable[Fault], on: Collection[Kind] = (), seed: int = 0) -> None:
        self._random = random.Random(seed)
        self._probability = probability
        self._faults = tuple(faults)
        self._on = frozenset(on)

    def throw(self, request: Request) -> Fault | None:
        if self._on and request.kind not in self._on:
            return None
        return self._random.choice(self._faults) if self._random.random() < self._probability else None


class Faults:
    """The rules in their order, then the dice; `happened` names what was done to whom."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self.dice: Dice | None = None
        self.happened: list[tuple[Kind, str]] = []

    def add(self, fault: Fault, *on: Kind | str, times: int | None = 1, skip: int = 0, mailbox: str = "") -> Self:
        with self._lock:
            self._rules.append(Rule(fault, frozenset(map(Kind, on)), times, skip, mailbox))
        return self

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()
            self.dice = None

    def next(self, request: Request) -> Fault | None:
        with self._lock:
            fault = self._chosen(request)
            if fault:
                self.happened.append((request.kind, fault.name))
            return fault

    def _chosen(self, request: Request) -> Fault | None:
        for rule in self._rules:
            if rule.fits(request) and rule.take():
                return rule.fault
        return self.dice.throw(request) if self.dice else None
