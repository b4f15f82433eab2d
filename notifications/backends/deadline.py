"""A point in monotonic time: socket timeouts start over with each read, and a dripping server lives on that."""

import time


class DeadlineExceeded(TimeoutError):
    """No time is left."""


class Deadline:
    """`seconds` of monotonic time from now on."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._end

    def remaining(self, at_most: float | None = None) -> float:
        """Return the seconds left, never more than `at_most`. Raises DeadlineExceeded when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise DeadlineExceeded("the time limit was reached")
        return left if at_most is None else min(left, at_most)
