"""What the tests of the Graph backend share: tokens, a memory, mails, and one try after the other of a mail."""

import json
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from notifications.backends.base import BackendError, Envelope, Fault, Reply, Results, TimeLimits
from notifications.backends.graph import GraphBackend
from notifications.backends.graph_api import GraphServer
from notifications.backends.trace import Trace
from tests.graph.login import READ_WRITE
from tests.graph_stand_in import GraphStandIn

SENDER = "sender@contoso.test"
IDENTITY = "<mail.o'1@contoso.test>"
MB = 1024 * 1024


@dataclass
class Tokens:
    """The stand-in's front door; `asked` holds what was refused each time, `handed` every token that was given out."""

    stand_in: GraphStandIn
    may_draft: bool | None = None
    asked: list[str] = field(default_factory=list)
    handed: list[str] = field(default_factory=list)

    def token(self, patience: float, refused: str = "") -> str:
        if refused or not self.handed:
            self.asked.append(refused)
            self.handed.append(self.stand_in.token())
        return self.handed[-1]

    def learn(self, *, may_draft: bool) -> None:
        self.may_draft = may_draft


@dataclass
class Notes:
    """As a mail's row: kept over tries. `forgetful`: the try dies before its next note is on disk."""

    note: str = ""
    tries: int = 0
    forgetful: bool = False

    @property
    def is_first(self) -> bool:
        return self.tries <= 1

    def recall(self) -> str:
        return self.note

    def keep(self, note: str) -> None:
        if self.forgetful:
            self.forgetful = False
            raise BackendError(Fault.TRANSIENT, Reply(text="the worker died"))
        self.note = note

    def order_was(self, seconds: float) -> None:
        """Let so much time pass since Graph was told to send, or with a negative number set the clock back."""
        notes = json.loads(self.note)
        self.note = json.dumps([{**note, "ordered_at": note["ordered_at"] - seconds} for note in notes])

    def check(self) -> None:
        if self.forgetful:
            self.forgetful = False
            raise BackendError(Fault.TRANSIENT, Reply(text="the worker died"))


@dataclass
class Sender:
    """Graph mode for `mailbox`, with one memory: each `send` is a further try of the same mail."""

    stand_in: GraphStandIn
    mailbox: str = SENDER
    saving: bool = True
    content: bytes = b""
    recipients: tuple[str, ...] = ("ops@peer.test",)
    notes: Notes = field(default_factory=Notes)
    trace: Trace = field(default_factory=Trace)
    server_changes: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tokens = Tokens(self.stand_in)
        self.content = self.content or a_content(*self.recipients)

    @property
    def server(self) -> GraphServer:
        values = {"host": self.stand_in.base, "mailbox": self.mailbox, "save_to_sent_items": self.saving}
        values |= {"ca_file": str(self.stand_in.ca_file), **self.server_changes}
        return GraphServer(**values)  # type: ignore[arg-type]

    def send(self, *recipients: str, seconds: float = 30) -> Results:
        self.notes.tries += 1
        backend = GraphBackend(self.server, self.tokens)
        envelope = Envelope(self.mailbox, recipients or self.recipients, self.content, self.notes)
        try:
            return backend.send(envelope, TimeLimits.without_progress(seconds), self.trace)
        finally:
            backend.close()

    def fails(self, *recipients: str, seconds: float = 30) -> BackendError:
        with pytest.raises(BackendError) as caught:
            self.send(*recipients, seconds=seconds)
        return caught.value

    def tries(self, most: int = 12) -> Results:
        """Again and again, as the engine would, until the mail is taken."""
        for _ in range(most):
            try:
                return self.send()
            except BackendError as error:
                if error.fault.holds or error.fault is Fault.PERMANENT:
                    raise
        raise AssertionError(f"not taken in {most} tries:\n{self.trace}")


def without_drafts(stand_in: GraphStandIn) -> GraphStandIn:
    """The app has Mail.Send alone."""
    stand_in.login.roles.discard(READ_WRITE)
    return stand_in


def a_content(
    *to: str,
    cc: tuple[str, ...] = (),
    subject: str = "7-Zip failed",
    html: str = "",
    attached: tuple[tuple[str, bytes], ...] = (),
    image: bytes = b"",
    **headers: str,
) -> bytes:
    """A whole mail, From in front, 7-bit."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = f"Deployments <{SENDER}>"
    mail["To"] = ", ".join(to)
    if cc:
        mail["Cc"] = ", ".join(cc)
    mail["Subject"], mail["Message-ID"], mail["Date"] = subject, IDENTITY, "Sun, 22 Nov 2026 12:00:00 +0000"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("It failed on PC-001.\n.\nA dot stood alone.\n", cte="7bit")
    if html:
        mail.add_alternative(html, subtype="html", cte="quoted-printable")
    if image:
        part = mail.get_payload()[1]
        part.add_related(image, "image", "png", cid="<logo@contoso.test>", filename="logo.png")
    for name, content in attached:
        mail.add_attachment(content, maintype="text", subtype="csv", filename=name)
    return mail.as_bytes()
