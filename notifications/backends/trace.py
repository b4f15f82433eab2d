"""What happened in one attempt, line by line, with every secret masked before it is kept."""

import base64
import time
import urllib.parse

MASK = "••••••••"
LONGEST_LINE = 500
MOST_LINES = 400


class Trace:
    """Collects `seconds mark text` lines: `*` a step for people, `>` sent, `<` received."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        self._start = time.monotonic()
        self._hidden = sorted(
            {form for secret in secrets if secret for form in spellings(secret)}, key=len, reverse=True
        )
        self.lines: list[str] = []

    def hide(self, secret: str) -> None:
        """Mask `secret` from now on, in each form in which a server may echo it."""
        if secret:
            self._hidden = sorted({*self._hidden, *spellings(secret)}, key=len, reverse=True)

    def step(self, text: str) -> None:
        self._add("*", text)

    def sent(self, text: str) -> None:
        self._add(">", text)

    def received(self, text: str) -> None:
        self._add("<", text)

    def mask(self, text: str) -> str:
        for form in self._hidden:
            text = text.replace(form, MASK)
        return text

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def _add(self, mark: str, text: str) -> None:
        if len(self.lines) < MOST_LINES:
            clean = printable(self.mask(text))[:LONGEST_LINE]
            self.lines.append(f"{time.monotonic() - self._start:7.3f} {mark} {clean}")


def spellings(secret: str) -> set[str]:
    """The forms in which a server may echo a secret."""
    raw = secret.encode()
    return {
        secret,
        urllib.parse.quote(secret, safe=""),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(raw).decode(),
        raw.hex(),
    }


def printable(text: str) -> str:
    """A foreign text made safe to store and show: no control characters, no lone surrogates."""
    return "".join(c if c.isprintable() else " " for c in text.encode("utf-8", "replace").decode())
