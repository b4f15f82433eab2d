"""What somebody may have meant by a name that is not known."""

from collections.abc import Iterable
from difflib import get_close_matches

# Longer names are no slips of a finger, and comparing them takes long.
LONGEST = 40


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about `name`; empty when nothing known is like it."""
    near = get_close_matches(name[:LONGEST], [*known], n=1)
    return f"; did you mean “{near[0]}”?" if near else ""
