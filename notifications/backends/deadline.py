"""One clock for a whole attempt: socket timeouts count each read anew, and a dripping server lives on that."""

import time


class DeadlineExceeded(TimeoutError):
    """The attempt's time is used up."""


class Deadline:
    """Seconds of monotonic time from now on."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self, at_most: float | None = None) -> float:
        """Seconds left, never more than `at_most`. Raises DeadlineExceeded when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise DeadlineExceeded("the time limit for one mail was reached")
        return left if at_most is None else min(left, at_most)
