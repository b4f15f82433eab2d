"""A child's output, cut into lines."""

import os
from collections.abc import Callable

# What a pipe holds at most: one read empties it.
CHUNK = 65536


class Lines:
    """Hands on whole lines read from a pipe, without ever waiting for them."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.descriptor: int | None = None
        self._say = say
        self._rest = b""

    def open(self) -> int:
        """A new pipe; returns the end to write to, which is the caller's to close."""
        self.close()
        self.descriptor, write_end = os.pipe()
        os.set_blocking(self.descriptor, False)
        return write_end

    def pump(self) -> None:
        if self.descriptor is None:
            return
        try:
            chunk = os.read(self.descriptor, CHUNK)
        except BlockingIOError:
            return
        if chunk:
            self._take(chunk)
        else:
            self.close()

    def close(self) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None
        if self._rest:
            self._take(b"\n")

    def _take(self, chunk: bytes) -> None:
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) >= CHUNK:
            whole, self._rest = [*whole, self._rest], b""
        for line in whole:
            if line.strip():
                self._say(line.decode(errors="replace").rstrip())
