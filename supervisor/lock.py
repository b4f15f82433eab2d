"""One supervisor for each data folder."""

import fcntl
import os
from pathlib import Path
from types import TracebackType


class AlreadyRunning(Exception):
    """Carries the address of the panel that has the lock."""


class InstanceLock:
    """Held by an open file, so that the kernel lets go of it however the process ends."""

    def __init__(self, path: Path, address: str) -> None:
        self._path = path
        self._address = address

    def __enter__(self) -> None:
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            address = os.pread(self._descriptor, 500, 0).decode(errors="replace").strip()
            os.close(self._descriptor)
            raise AlreadyRunning(address or "an address not known yet") from error
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, self._address.encode(), 0)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._descriptor)
