"""Runs programs, restarts the dead, stops all in order. One thread; nothing here blocks for long."""

import select
import signal
import socket
import time
from collections.abc import Callable
from types import FrameType, TracebackType

from supervisor.child import Child, Program

TURN = 1.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Use as a context: whatever happens inside, no child is left behind."""

    def __init__(self, say: Callable[[str, str], None], now: Callable[[], float] = time.monotonic) -> None:
        self.stop_requests = 0
        self._say = say
        self._now = now
        self._children: list[Child] = []
        self._wake, self._wake_writer = socket.socketpair()

    def __enter__(self) -> "Supervisor":
        self._wake.setblocking(False)
        self._wake_writer.setblocking(False)
        self._wakeup_before = signal.set_wakeup_fd(self._wake_writer.fileno(), warn_on_full_buffer=False)
        # Death of a child: only to be woken by it; without a handler of ours the signal is dropped.
        handlers = dict.fromkeys(STOP_SIGNALS, self._note_stop) | {signal.SIGCHLD: lambda number, frame: None}
        if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
            del handlers[signal.SIGHUP]  # nohup
        self._handlers_before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for child in reversed(self._children):
            child.kill()
        for number, handler in self._handlers_before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        self._wake.close()
        self._wake_writer.close()

    def start(self, program: Program) -> Child:
        """Programs are stopped in the reverse order of their start."""
        child = Child(program, self._say, self._now)
        self._children.append(child)
        child.start()
        return child

    def wait_for(self, condition: Callable[[], bool], limit: float, every: float = 0.05) -> bool:
        """Keep the children going until `condition` holds; False after `limit` seconds or when asked to stop."""
        deadline = self._now() + limit
        while not condition():
            if self.stop_requests or self._now() > deadline:
                return False
            self._turn(every)
        return True

    def run(self) -> None:
        """Until asked to stop."""
        while not self.stop_requests:
            self._turn(TURN)

    def stop(self) -> None:
        """One after the other, the last started first; a further request to stop makes it short."""
        asked = self.stop_requests
        for child in reversed(self._children):
            child.ask_to_stop()
            deadline = self._now() + child.program.stop_limit
            while not child.has_stopped():
                if self.stop_requests > asked or self._now() > deadline:
                    self._say(child.program.name, "is ended by force")
                    child.kill()
                self._listen(0.2)

    def _turn(self, seconds: float) -> None:
        planned = [child.restart_at for child in self._children if child.restart_at is not None]
        self._listen(max(0.0, min([seconds, *(at - self._now() for at in planned)])))
        for child in self._children:
            child.notice_death()
            if child.restart_at is not None and child.restart_at <= self._now() and not self.stop_requests:
                child.start()

    def _listen(self, seconds: float) -> None:
        """Pass the children's output on; returns early when there is some, or a signal."""
        waiting = select.poll()
        waiting.register(self._wake, select.POLLIN)
        by_descriptor = {child.output: child for child in self._children if child.output is not None}
        for descriptor in by_descriptor:
            waiting.register(descriptor, select.POLLIN)
        for descriptor, _ in waiting.poll(seconds * 1000):
            if descriptor == self._wake.fileno():
                self._wake.recv(4096)
            else:
                by_descriptor[descriptor].pump()

    def _note_stop(self, number: int, frame: FrameType | None) -> None:
        self.stop_requests += 1
