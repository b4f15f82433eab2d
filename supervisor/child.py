"""One program and the process that runs it now."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from supervisor import leash
from supervisor.output import Lines

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
# A process that lived this long was well: its next death is a new story.
WELL_AFTER = 60.0


@dataclass(frozen=True)
class Program:
    """What to run. `stop_limit` is how many seconds it may take to end by itself when asked."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    stop_limit: float = 10.0


class Child:
    """Keeps one program running: started again after a death, with a pause that grows."""

    def __init__(self, program: Program, say: Callable[[str, str], None], now: Callable[[], float]) -> None:
        self.program = program
        self.restart_at: float | None = None
        self._say = partial(say, program.name)
        self._now = now
        self._started_at = 0.0
        self._pause = FIRST_PAUSE
        self._process: subprocess.Popen[bytes] | None = None
        self._lines = Lines(self._say)

    @property
    def is_running(self) -> bool:
        return self._process is not None

    @property
    def output(self) -> int | None:
        """The descriptor to read its output from."""
        return self._lines.descriptor

    def start(self) -> None:
        self.restart_at, self._started_at = None, self._now()
        write_end = self._lines.open()
        try:
            self._process = self._spawn(write_end)
        except OSError as error:
            self._plan_restart(f"cannot be started: {error}")
        finally:
            os.close(write_end)

    def pump(self) -> None:
        """Pass on what it wrote since."""
        self._lines.pump()

    def notice_death(self) -> None:
        """Plan the restart of a process that has died since the last call."""
        if self._process is not None and self._process.poll() is not None:
            self.pump()
            self._plan_restart(ended(self._bury(self._process)))

    def ask_to_stop(self) -> None:
        self.restart_at = None
        if self._process is not None:
            self._process.terminate()

    def has_stopped(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            self.kill()
        return self._process is None

    def kill(self) -> None:
        if self._process is not None:
            self._bury(self._process)
            self.pump()
        self._lines.close()

    def _spawn(self, output: int) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            self.program.command,
            env=dict(self.program.env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # Ctrl-C in the terminal is for the supervisor alone, which then stops all in order.
            process_group=0,
            # Safe here: the supervisor has one thread, so the fork copies no lock that somebody holds.
            preexec_fn=partial(leash.tie_to, os.getpid()),
        )

    def _plan_restart(self, what_happened: str) -> None:
        if self._now() - self._started_at >= WELL_AFTER:
            self._pause = FIRST_PAUSE
        self._say(f"{what_happened}; it starts again in {self._pause:.0f} s")
        self.restart_at = self._now() + self._pause
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    def _bury(self, process: "subprocess.Popen[bytes]") -> int:
        """End the process and whatever of its group is left; returns its exit code."""
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        self._process = None
        return process.wait()


def ended(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
