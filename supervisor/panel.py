"""The whole panel: broker first, the rest after it, and back in reverse."""

import http.client
import math
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from supervisor import broker, programs
from supervisor.broker import Broker
from supervisor.child import Child
from supervisor.supervisor import Supervisor

BROKER_START_LIMIT = 20.0
WEB_START_LIMIT = 60.0


class CannotStart(Exception):
    """The message says what to do."""


@dataclass(frozen=True)
class Panel:
    """`broker_url` may be empty: then a broker of our own runs. `inbox_port` is None without a capture inbox."""

    data: Path
    host: str
    port: int
    broker_url: str
    broker_url_file: Path
    inbox_port: int | None
    say: Callable[[str, str], None]

    def run(self, when_ready: Callable[[], None]) -> None:
        """Until SIGINT, SIGTERM or SIGHUP."""
        (self.data / "run").mkdir(mode=0o700, exist_ok=True)
        broker.tidy(self.broker_url_file)
        with Supervisor(self.say) as supervisor:
            self._start_rest(supervisor, self._start_broker(supervisor))
            if self._becomes_ready(supervisor):
                when_ready()
            supervisor.run()
            self.say("panel", "Stopping. Emails being sent are finished first; Ctrl-C again stops immediately.")
            supervisor.stop()
        broker.tidy(self.broker_url_file)
        self.say("panel", "Stopped.")

    def _start_broker(self, supervisor: Supervisor) -> str:
        chosen = broker.choose(self.data, self.broker_url)
        self.say("panel", f"Messages go through {chosen.label}.")
        if chosen.program is not None:
            self._run_broker(supervisor, chosen, supervisor.start(chosen.program))
        if not self.broker_url:
            write_private(self.broker_url_file, chosen.url)
        return chosen.url

    def _run_broker(self, supervisor: Supervisor, chosen: Broker, child: Child) -> None:
        supervisor.wait_for(lambda: chosen.is_ready() or not child.is_running, BROKER_START_LIMIT)
        if not child.is_running and not supervisor.stop_requests:
            self.say("panel", "The broker refused its journal, which is put aside; no mail is lost by that.")
            broker.set_aside(self.data)
        if not (supervisor.wait_for(chosen.is_ready, BROKER_START_LIMIT) or supervisor.stop_requests):
            raise CannotStart(f"The message broker does not start: see {self.data / 'run' / broker.LOG}")

    def _start_rest(self, supervisor: Supervisor, broker_url: str) -> None:
        env = programs.environment(
            MAILADMIN_DATA=str(self.data),
            MAILADMIN_HOST=self.host,
            MAILADMIN_PORT=str(self.port),
            BROKER_URL=broker_url,
        )
        if self.inbox_port is not None:
            supervisor.start(programs.capture(env, self.inbox_port))
        for program in (programs.worker(env), programs.web(env)):
            supervisor.start(program)

    def _becomes_ready(self, supervisor: Supervisor) -> bool:
        """However long it takes: a slow machine gets its setup link, too."""
        if supervisor.wait_for(self._answers, WEB_START_LIMIT):
            return True
        if not supervisor.stop_requests:
            self.say(
                "panel", f"No answer after {WEB_START_LIMIT:.0f} s; the lines above should say why. Still waiting."
            )
        return supervisor.wait_for(self._answers, math.inf, every=1.0)

    def _answers(self) -> bool:
        """Whether /healthz does."""
        connection = http.client.HTTPConnection(reachable(self.host), self.port, timeout=1)
        try:
            connection.request("GET", "/healthz", headers={"Host": "127.0.0.1"})
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def require_free(host: str, port: int) -> None:
    """Raise CannotStart unless the panel's address can be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        # As the web server does it, so that a port that was in use a moment ago counts as free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, UnicodeError) as error:
            raise CannotStart(
                f"{host} port {port} cannot be used: {getattr(error, 'strerror', None) or error}. "
                "Choose others with --host and --port, or MAILADMIN_HOST and MAILADMIN_PORT."
            ) from error


def reachable(host: str) -> str:
    """An address to reach a server at that listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # nothing is bound here


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, for the panel's own user alone."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    fresh.replace(path)
