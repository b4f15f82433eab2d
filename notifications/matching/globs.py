"""Name filters: `*` is any run of characters, `?` is one, everything else is itself.

Neither case matters nor whether an accent is a character of its own.

Without regular expressions where it can be: compiling those of a thousand notifications takes longer than all else that
is done for a completion.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from unicodedata import normalize


def glob_matches(glob: str, text: str) -> bool:
    """An empty glob lets everything through."""
    return not glob or fits(pieces_of(glob), folded_once(text))


class Names:
    """Many names, each on one line, asked about together: one by one, a thousand filters would take seconds."""

    def __init__(self, names: Iterable[str]) -> None:
        lines = "\n".join(dict.fromkeys(folded(name) for name in names))
        self._lines = f"\n{lines}\n" if lines else ""
        self._answers: dict[str, bool] = {}

    def any_matches(self, glob: str) -> bool:
        if glob not in self._answers:
            self._answers[glob] = self._look_for(glob)
        return self._answers[glob]

    def _look_for(self, glob: str) -> bool:
        runs = re.split(r"[*?]+", "\n" + "*".join(pieces_of(glob)) + "\n")
        if not all(run in self._lines for run in runs):
            return False
        # Only lines that have the longest run are read.
        longest, pieces = max(runs, key=len), pieces_of(glob)
        at = self._lines.find(longest)
        while 0 <= at < len(self._lines) - 1:
            begin = self._lines.rfind("\n", 0, at + 1) + 1
            end = self._lines.index("\n", begin)
            if fits(pieces, self._lines[begin:end]):
                return True
            at = self._lines.find(longest, end)
        return False


def fits(pieces: tuple[str, ...], text: str) -> bool:
    """Whether the pieces stand in `text` one after the other, the first at its begin and the last at its end.

    Taking each at its first place is enough, so that no number of stars makes this slow.
    """
    first, *middle = pieces
    if not middle:
        return len(first) == len(text) and stands_at(first, text, 0)
    last = middle.pop()
    at, end = len(first), len(text) - len(last)
    if end < at or not stands_at(first, text, 0) or not stands_at(last, text, end):
        return False
    for piece in middle:
        found = find(piece, text, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def stands_at(piece: str, text: str, at: int) -> bool:
    if "?" not in piece:
        return text.startswith(piece, at)
    part = text[at : at + len(piece)]
    return len(part) == len(piece) and all(want in ("?", char) for want, char in zip(piece, part, strict=True))


def find(piece: str, text: str, begin: int, end: int) -> int:
    if "?" not in piece:
        return text.find(piece, begin, end)
    match = compiled(piece).search(text, begin, end)
    return match.start() if match else -1


@lru_cache(maxsize=4096)
def compiled(piece: str) -> re.Pattern[str]:
    return re.compile(re.escape(piece).replace(r"\?", "."), re.DOTALL)


@lru_cache(maxsize=8192)
def pieces_of(glob: str) -> tuple[str, ...]:
    return tuple(folded(glob).split("*"))


# The few texts of one completion, asked about by every notification.
@lru_cache(maxsize=64)
def folded_once(text: str) -> str:
    return folded(text)


def folded(text: str) -> str:
    """Lower case in NFC, so that an é of one character (Windows) equals one of two (macOS).

    Each character for itself: Turkish İ would become two, and Σ another at the end of a word. Some letters, such as ẖ,
    are one character in lower case only.
    """
    if text.isascii():
        return text.lower()
    lower = normalize("NFC", text).lower().replace("i\u0307", "i").replace("ς", "σ")
    return normalize("NFC", lower)
