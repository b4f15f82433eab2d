"""A whole panel: `manage.py up` in a data folder of its own, driven from outside as its users do."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import redis
import requests

from tests.peers.process import LOOPBACK, free_ports
from tests.smtp_sink import SmtpSink
from tests.waiting import wait_until

PROJECT = Path(__file__).resolve().parent.parent
# What the machine's own environment says must not reach the panel under test.
FOREIGN = ("DATABASE_URL", "BROKER_URL", "SECRET_KEY", "FERNET_KEYS", "ALLOWED_HOSTS", "PUBLIC_URL", "DEBUG")
SETUP_LINK = re.compile(r"https?://\S+/\S*set-?up\S*")
# How a child of the panel is recognised by its command line.
CHILDREN = {
    "worker": r" worker\b",
    "web": r"gunicorn",
    "broker": r"(valkey|redis)-server",
    "inbox": r"capture_inbox",
}


# Root's right to pass over the modes of files, taken away.
RIGHTS = "-dac_override,-dac_read_search"
BOUND = ("setpriv", f"--bounding-set={RIGHTS}", f"--inh-caps={RIGHTS}", "--")


class Panel:
    """Runs while the `with` block does; `env` is laid over the environment. `output` is what it printed so far.

    `bound`: files' modes hold for it as they do for anybody but root.
    """

    # What stands in front of `manage.py`'s own arguments.
    program = (sys.executable, "manage.py")

    def __init__(self, data: Path | None = None, bound: bool = False, **env: str) -> None:
        self._folder = contextlib.ExitStack()
        self.data = data or Path(self._folder.enter_context(tempfile.TemporaryDirectory(prefix="mailadmin-panel-")))
        self._prefix = BOUND if bound else ()
        (self.port,) = free_ports(1)
        self.url = f"http://{LOOPBACK}:{self.port}"
        # A .env beside the code would fill what is absent, so the names are emptied rather than left out.
        clean = {name: value for name, value in os.environ.items() if name not in FOREIGN}
        self.env = {**clean, "DJANGO_SETTINGS_MODULE": "mailadmin.settings", "MAILADMIN_DATA": str(self.data), **env}
        self.output: list[str] = []
        # Without trust_env a proxy of the machine, or its CA bundle, has no say.
        self.http = requests.Session()
        self.http.trust_env = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.http.close()
        self._folder.close()

    def start(self) -> None:
        command = [*self._prefix, *self.program, "up", "--port", str(self.port), "--data", str(self.data)]
        self.process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        wait_until(self.is_ready, 60, "the panel's readiness", every=0.1)

    def stop(self) -> None:
        """As Ctrl-C does it, with time for the mails on their way."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(10)
        assert self.process.stdout
        self.process.stdout.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    # --- what an operator types ---

    def manage(self, *arguments: str, typed: str | None = None, check: bool = True) -> str:
        """A `manage.py` command on the same data folder; its output."""
        done = self.command(*arguments, typed=typed)
        assert not check or done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def command(self, *arguments: str, typed: str | None = None) -> "subprocess.CompletedProcess[str]":
        """The same, for a test that wants to see how it ends."""
        return subprocess.run(
            [*self._prefix, *self.program, *arguments],
            cwd=PROJECT,
            env=self.env,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )

    def shell(self, code: str) -> str:
        """Python with the panel's models at hand; what it prints."""
        return self.manage("shell", "--verbosity", "0", "--command", code).strip()

    def use(self, sink: SmtpSink, **columns: object) -> None:
        """Mail over `sink`, and one notification that fires for every deployment."""
        values = {"host": sink.host, "port": sink.port, **columns}
        self.shell(f"from tests import base; base.a_notification(); base.use_smtp(**{values!r})")

    @property
    def setup_link(self) -> str:
        wait_until(lambda: SETUP_LINK.search("\n".join(self.output)), 20, "the set-up link")
        found = SETUP_LINK.search("\n".join(self.output))
        assert found
        return found.group()

    # --- what a deployment tool does ---

    def sign_in_tool(self) -> None:
        """Make an API token; `report` and `message` use it from now on."""
        secret = self.shell(
            "from notifications.models import ApiToken; print(ApiToken.issue('tests', ['report', 'read', 'manage'])[1])"
        )
        self.http.headers["Authorization"] = f"Bearer {secret}"

    def report(self, number: int, **changes: Any) -> dict[str, Any]:
        """Report a failed deployment; the answer."""
        completion = {
            "kind": "deployment",
            "source": "tests",
            "id": str(number),
            "name": f"Deployment {number}",
            "outcome": "failed",
            "targets": [{"name": "PC-001", "outcome": "failed", "detail": "exit code 1603"}],
        }
        response = self.http.post(f"{self.url}/api/v1/completions", json=completion | changes, timeout=30)
        assert response.status_code == 202, response.text
        answer: dict[str, Any] = response.json()
        return answer

    def message(self, uuid: str) -> dict[str, Any]:
        response = self.http.get(f"{self.url}/api/v1/messages/{uuid}", timeout=30)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    # --- what goes wrong ---

    def pid(self, child: str) -> int:
        """Of the child's first process: `worker`, `web`, `broker` or `inbox`; waits until it runs."""
        wait_until(lambda: self._find(child), 30, f"a running {child}", every=0.1)
        return self._find(child)

    def kill_child(self, child: str) -> None:
        """With all its processes, as the kernel does it when memory is short."""
        os.killpg(self.pid(child), signal.SIGKILL)

    @contextlib.contextmanager
    def frozen(self, child: str) -> Iterator[None]:
        """The child answers nothing, and does not go away either."""
        pid = self.pid(child)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def broker(self) -> "redis.Redis":
        url = self.env.get("BROKER_URL") or (self.data / "run" / "broker-url").read_text().strip()
        if url.startswith("redis+socket://"):
            return redis.Redis(unix_socket_path=url.removeprefix("redis+socket://").partition("?")[0])
        return redis.Redis.from_url(url)

    def is_ready(self) -> bool:
        assert self.process.poll() is None, "the panel ended:\n" + "\n".join(self.output[-40:])
        with contextlib.suppress(requests.RequestException):
            return self.http.get(f"{self.url}/healthz", timeout=2).status_code == 200
        return False

    def _find(self, child: str) -> int:
        for status in Path("/proc").glob("[0-9]*/stat"):
            # A process may end between the listing and the look.
            with contextlib.suppress(OSError):
                parent = int(status.read_text().rpartition(")")[2].split()[1])
                command = (status.parent / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if parent == self.process.pid and re.search(CHILDREN[child], command):
                    return int(status.parent.name)
        return 0

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.output.append(line.rstrip("\n"))
