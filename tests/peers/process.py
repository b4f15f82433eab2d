"""Servers in the foreground, on free ports, that end with the tests however the tests end."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.waiting import wait_until

LOOPBACK = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now: for servers that can't be told to choose one themselves."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server((LOOPBACK, 0))) for _ in range(count)]
        return [listening.getsockname()[1] for listening in sockets]


def listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False


class Scratch:
    """A folder that other users may enter (servers drop root), gone at the end."""

    def __init__(self, name: str) -> None:
        self.path = Path(tempfile.mkdtemp(prefix=f"mailadmin-{name}-"))
        self.path.chmod(0o755)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


class Process:
    """A server as a child of the tests; `log` is what it printed."""

    def __init__(
        self, arguments: Sequence[str | Path], log: Path, user: str = "", env: Mapping[str, str] | None = None
    ) -> None:
        self.log = log
        self._name = Path(arguments[0]).name
        # The kernel stops the server when the tests are killed; a session of its own keeps Ctrl-C from it.
        leash = ["setpriv", "--pdeathsig", "TERM", *_become(user), "--"]
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                [*leash, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                umask=0o022,
                env={**os.environ, **(env or {})},
            )

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def is_running(self) -> bool:
        return self._child.poll() is None

    def wait_for(self, *ports: int, seconds: float = 20) -> None:
        def ready() -> bool:
            if not self.is_running:
                raise AssertionError(f"{self._name} ended with {self._child.returncode}:\n{self.tail()}")
            return all(map(listens, ports))

        wait_until(ready, seconds, f"{self._name} on {ports}")

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-30:])

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ask, wait, insist."""
        if self.is_running:
            self._child.send_signal(how)
        try:
            self._child.wait(15)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def kill(self) -> None:
        self.stop(signal.SIGKILL)


def run(*arguments: str | Path, user: str = "") -> None:
    """A helper program to its end; its words are shown when it fails."""
    done = subprocess.run(
        ["setpriv", *_become(user), "--", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        umask=0o022,
        check=False,
    )
    if done.returncode:
        raise AssertionError(f"{arguments[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def _become(user: str) -> list[str]:
    if not user or os.geteuid() != 0:
        return []
    entry = pwd.getpwnam(user)
    return [f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--init-groups"]
