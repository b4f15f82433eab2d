"""What happened in one attempt, line by line; every secret is masked when it is read."""

import time
from dataclasses import dataclass

from notifications.masking import mask, remember

LONGEST_LINE = 500
MOST_LINES = 400


@dataclass(frozen=True)
class Line:
    """`kind` is `*` a step for people, `>` sent, `<` received."""

    seconds: float
    kind: str
    text: str


class Trace:
    """Collects lines. They are masked together, because a server may spread a secret over many short ones."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        self._start = time.monotonic()
        self._lines: list[Line] = []
        remember(*secrets)

    def hide(self, secret: str) -> None:
        """Mask `secret`, here and everywhere else in this process."""
        remember(secret)

    def step(self, text: str) -> None:
        self._add("*", text)

    def sent(self, text: str) -> None:
        self._add(">", text)

    def received(self, text: str) -> None:
        self._add("<", text)

    def mask(self, text: str) -> str:
        return mask(text)

    @property
    def lines(self) -> list[str]:
        """`seconds kind text` of each line."""
        received = iter(self._masked("<"))
        ours = iter(self._masked("*>"))
        return [
            f"{line.seconds:7.3f} {line.kind} {printable(next(received if line.kind == '<' else ours))[:LONGEST_LINE]}"
            for line in self._lines
        ]

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def _masked(self, kinds: str) -> list[str]:
        return mask("\n".join(line.text for line in self._lines if line.kind in kinds)).split("\n")

    def _add(self, kind: str, text: str) -> None:
        if len(self._lines) < MOST_LINES:
            # A line of the text is a line here, or the masked lines could not be told apart.
            self._lines.append(Line(time.monotonic() - self._start, kind, text.replace("\n", " ")))


def printable(text: str) -> str:
    """A foreign text made safe to store and show: no control characters, no lone surrogates."""
    return "".join(c if c.isprintable() else " " for c in text.encode("utf-8", "replace").decode())
