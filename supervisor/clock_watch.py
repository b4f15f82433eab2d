"""Notices when the machine's clock is set, by a second clock that nobody can set."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

# More than a time server corrects little by little between two looks.
LEAST_JUMP = 30.0


@dataclass(frozen=True)
class Jump:
    """`at` is when, in seconds since 1970 by the clock as set; `seconds` is negative when it was set back."""

    at: float
    seconds: float


def steady() -> float:
    """Seconds since the machine started, time asleep included where the system counts it."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if sys.platform == "linux" else time.monotonic()


class ClockWatch:
    """Remembers how far the two clocks are apart."""

    def __init__(self, wall: Callable[[], float] = time.time, steady: Callable[[], float] = steady) -> None:
        self._wall, self._steady = wall, steady
        self._offset = wall() - steady()

    def jump(self) -> Jump | None:
        """How the clock was set since the last call, if it was."""
        now = self._wall()
        before, self._offset = self._offset, now - self._steady()
        moved = self._offset - before
        return Jump(now, round(moved, 1)) if abs(moved) >= LEAST_JUMP else None


def in_words(seconds: float) -> str:
    """`2 hours`, `10 days`: one unit, the largest that fits."""
    for size, unit in ((86_400, "day"), (3600, "hour"), (60, "minute")):
        # A moment short of an hour is an hour.
        if abs(seconds) >= 0.95 * size:
            count = round(abs(seconds) / size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{round(abs(seconds))} seconds"
