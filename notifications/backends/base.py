"""What every transport takes, returns and raises. No model, no setting and no request is known in this room."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from notifications.backends.deadline import Deadline
from notifications.backends.trace import Trace


class Fault(StrEnum):
    """Why a mail or a recipient was not accepted, by what helps."""

    TRANSIENT = "transient"  # the same again later
    UNREACHABLE = "unreachable"  # no connection: nothing else would get through either
    THROTTLED = "throttled"  # the server asks everybody to slow down
    QUOTA = "quota"  # hours heal it
    PERMANENT = "permanent"  # never the same again
    AMBIGUOUS = "ambiguous"  # sent whole, no answer: perhaps accepted
    # From here on only a person can mend it, and every other mail would fare the same.
    SIGN_IN = "sign_in"
    SENDER = "sender"
    TLS = "tls"
    CONFIGURATION = "configuration"
    RECONNECT = "reconnect"
    SECRET = "secret"  # noqa: S105  # the name of a fault: a stored secret cannot be read

    @property
    def holds(self) -> bool:
        return self in HOLDING


HOLDING = (Fault.SIGN_IN, Fault.SENDER, Fault.TLS, Fault.CONFIGURATION, Fault.RECONNECT, Fault.SECRET)


@dataclass(frozen=True)
class Reply:
    """A server's answer: `code` is SMTP's or HTTP's, `enhanced` RFC 3463's (`5.1.1`) or Graph's error code.

    `reference` is what the server's support asks for; `retry_after` how long it wants to be left alone, also where it
    accepted.
    """

    code: int = 0
    enhanced: str = ""
    text: str = ""
    reference: str = ""
    retry_after: timedelta | None = None

    @property
    def codes(self) -> str:
        return " ".join(part for part in (str(self.code or ""), self.enhanced) if part)


@dataclass(frozen=True)
class RecipientResult:
    """`fault` is None for an accepted recipient; TRANSIENT and QUOTA mean deferred, PERMANENT refused."""

    reply: Reply
    fault: Fault | None = None


Results = Mapping[str, RecipientResult]


class Memory(Protocol):
    """A note for the next try of the same mail, should this one be cut off."""

    @property
    def is_first(self) -> bool:
        """Whether the mail was never tried before."""

    def recall(self) -> str:
        """What the last try kept, or empty."""

    def keep(self, note: str) -> None:
        """On disk when this returns. Raises BackendError when the mail is no longer this try's."""


class NoMemory:
    """For a mail that is tried once."""

    is_first = True

    def recall(self) -> str:
        return ""

    def keep(self, note: str) -> None:
        pass


@dataclass(frozen=True)
class Envelope:
    """`sender` and `recipients` are bare ASCII addresses; `content` is the whole mail, 7-bit, with CRLF line ends."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes = field(repr=False)
    memory: Memory = field(default_factory=NoMemory, repr=False)


class BackendError(Exception):
    """The one error that leaves a backend. `results` holds what was settled before it happened."""

    def __init__(self, fault: Fault, reply: Reply, *, results: Results | None = None) -> None:
        super().__init__(f"{fault}: {reply.codes} {reply.text}".strip())
        self.fault = fault
        self.reply = reply
        self.results: Results = results or {}


class TokenSource(Protocol):
    """Where access tokens come from."""

    def token(self, patience: float, refused: str = "") -> str:
        """A valid access token, and another one than `refused`, within `patience` seconds. Raises BackendError."""


class Backend(Protocol):
    """A transport: connects on first use, keeps the connection for the next mail, serves one worker at a time."""

    def send(self, envelope: Envelope, deadline: Deadline, trace: Trace) -> Results:
        """Hand the mail over: one result for each recipient. Raises BackendError, and nothing else."""

    def close(self) -> None:
        """Let the connection go; never raises."""
