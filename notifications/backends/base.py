"""The contract of every transport: what it receives, returns and raises. It knows no model, setting or request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Protocol, Self

from notifications.backends.trace import Trace
from notifications.masking import mask


class Fault(StrEnum):
    """Why an email or a recipient was not accepted, grouped by what resolves it."""

    TRANSIENT = "transient"  # retry later
    UNREACHABLE = "unreachable"  # no connection: no other email would get through either
    THROTTLED = "throttled"  # the server limits how much it accepts, whatever the email
    QUOTA = "quota"  # a limit that resets within hours
    RECIPIENT = "recipient"  # this recipient will never be accepted
    PERMANENT = "permanent"  # this email will never be accepted
    UNCLEAR = "unclear"  # rejected, and the reply does not say whether other emails are as well
    AMBIGUOUS = "ambiguous"  # fully transmitted, no reply: it may have arrived
    # From here on an administrator has to act, and every other email would fail the same way.
    SIGN_IN = "sign_in"
    SENDER = "sender"
    RELAY = "relay"  # the server does not relay for us
    REJECTED = "rejected"  # the server rejects every email
    TLS = "tls"
    CONFIGURATION = "configuration"
    RECONNECT = "reconnect"
    SECRET = "secret"  # noqa: S105  # the name of a fault: a stored secret cannot be read

    @property
    def holds(self) -> bool:
        return self in HOLDING


HOLDING = (
    Fault.SIGN_IN,
    Fault.SENDER,
    Fault.RELAY,
    Fault.REJECTED,
    Fault.TLS,
    Fault.CONFIGURATION,
    Fault.RECONNECT,
    Fault.SECRET,
)


class Stage(StrEnum):
    """How far a try had come when a reply or an error ended it."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    GREETING = "greeting"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    TOKEN = "token"  # noqa: S105  # the name of a stage
    AUTH = "auth"
    MAIL_FROM = "mail_from"
    RCPT = "rcpt"
    DATA = "data"  # from DATA until the content is sent
    END_OF_DATA = "end_of_data"  # the final dot and the reply to it
    # Microsoft Graph
    DRAFT = "draft"
    UPLOAD = "upload"
    SEND = "send"
    LOOKUP = "lookup"


@dataclass(frozen=True)
class Reply:
    """A server's reply. `code` is SMTP's or HTTP's; `enhanced` is RFC 3463's (`5.1.1`) or Graph's error code.

    `reference` identifies the request to the server's support; `retry_after` is the wait that the server asks for,
    which it may also do when it accepts. Secrets are masked from the start: a reply ends up in many places.
    """

    code: int = 0
    enhanced: str = ""
    text: str = ""
    reference: str = ""
    retry_after: timedelta | None = None

    def __post_init__(self) -> None:
        for name in ("enhanced", "text", "reference"):
            object.__setattr__(self, name, mask(getattr(self, name)))

    @property
    def codes(self) -> str:
        return " ".join(part for part in (str(self.code or ""), self.enhanced) if part)


@dataclass(frozen=True)
class RecipientResult:
    """`fault` is None for an accepted recipient; TRANSIENT and QUOTA mean deferred, RECIPIENT and PERMANENT refused.

    What holds the queue or is UNCLEAR is reported like any other; the engine compares it with what other emails met.

    `stage` is where the server decided, None where no server did.
    """

    reply: Reply
    fault: Fault | None = None
    stage: Stage | None = None


Results = Mapping[str, RecipientResult]


@dataclass(frozen=True)
class TimeLimits:
    """Seconds to wait in each phase of a transaction (RFC 5321 4.5.3.2). Connecting has its own limit.

    A reply may begin as late as its phase allows, but then it has to make progress: `line` and `recipients` are ours.
    """

    command: float = 300.0  # the reply to the connection, EHLO, AUTH, MAIL and each RCPT; a call to Graph
    data: float = 120.0  # the reply to DATA
    block: float = 180.0  # until the server takes one more block of content
    end_of_data: float = 600.0  # the reply to the final dot
    line: float = 30.0  # a line of a reply, from its first byte to its last
    recipients: float = 240.0  # all RCPT of a transaction; the others follow in the next one

    @classmethod
    def without_progress(cls, seconds: float) -> Self:
        """Return the limits for a server that may stand still for `seconds`.

        The final dot is never waited for less than the RFC's ten minutes: giving up sooner sends a second copy of an
        email that a slow content filter accepts after a minute.
        """
        return cls(
            command=seconds,
            data=min(seconds, cls.data),
            block=min(seconds, cls.block),
            end_of_data=max(seconds, cls.end_of_data),
            line=min(seconds, cls.line),
        )


class Lease(Protocol):
    """One try's hold on its email, and a note for the next try in case this one is cut off."""

    @property
    def is_first(self) -> bool:
        """Whether no earlier try was made."""

    def recall(self) -> str:
        """Return what the last try kept, or an empty string."""

    def keep(self, note: str) -> None:
        """Store `note`; it is on disk when this returns. Raises BackendError when the email is no longer this try's."""

    def check(self) -> None:
        """Raise BackendError when the email is no longer this try's. Called right before the step that sends it."""


class NoLease:
    """For an email that is tried once."""

    is_first = True

    def recall(self) -> str:
        return ""

    def keep(self, note: str) -> None:
        pass

    def check(self) -> None:
        pass


@dataclass(frozen=True)
class Envelope:
    """`sender` and `recipients` are bare ASCII addresses; `content` is the whole email, 7-bit, with CRLF line ends."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes = field(repr=False)
    lease: Lease = field(default_factory=NoLease, repr=False)


class BackendError(Exception):
    """The one error that leaves a backend. `results` holds what was settled before it happened.

    `stage` is how far the try had come, None where it is not known. `timed_out` distinguishes a server that did not
    reply in time from a connection that was lost; with AMBIGUOUS the two call for different retries.
    """

    def __init__(
        self,
        fault: Fault,
        reply: Reply,
        *,
        stage: Stage | None = None,
        timed_out: bool = False,
        results: Results | None = None,
    ) -> None:
        super().__init__(f"{fault}: {reply.codes} {reply.text}".strip())
        self.fault = fault
        self.reply = reply
        self.stage = stage
        self.timed_out = timed_out
        self.results: Results = results or {}


class TokenSource(Protocol):
    """Where access tokens come from."""

    def token(self, patience: float, refused: str = "") -> str:
        """Return a valid access token other than `refused`, within `patience` seconds. Raises BackendError."""


class Backend(Protocol):
    """A transport: connects on first use, keeps the connection for the next email, serves one worker at a time."""

    def send(self, envelope: Envelope, limits: TimeLimits, trace: Trace) -> Results:
        """Send the email and return one result for each recipient. Raises BackendError, and nothing else."""

    def close(self) -> None:
        """Close the connection; never raises."""
