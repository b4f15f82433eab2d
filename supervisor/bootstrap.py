"""The data folder and the keys of an installation that was given none."""

import argparse
import os
import secrets
import socket
from pathlib import Path

from environ import Env

ENV_FILE = Path(__file__).resolve().parent.parent / ".env"
KEYS_FILE = "keys.env"


def prepare(argv: list[str]) -> Path:
    """Make the data folder (0700) and, unless the environment has them, the keys (0600).

    What `up` is told about where to run is read here, before Django's settings need to know it.
    """
    # Database, journals, keys and captured mail are for the panel's own user alone.
    os.umask(0o077)
    if ENV_FILE.exists():
        Env.read_env(str(ENV_FILE))
    for name, value in options_of_up(argv).items():
        os.environ[f"MAILADMIN_{name.upper()}"] = value
    if argv[1:2] == ["up"] and os.environ.get("MAILADMIN_PORT") == "0":
        # Chosen here: every address that the panel gives out has it.
        os.environ["MAILADMIN_PORT"] = free_port(os.environ.get("MAILADMIN_HOST") or "127.0.0.1")
    data = Path(os.environ.get("MAILADMIN_DATA") or "data").absolute()
    os.environ["MAILADMIN_DATA"] = str(data)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not ("SECRET_KEY" in os.environ and "FERNET_KEYS" in os.environ):
        write_keys(data / KEYS_FILE)
    return data


def options_of_up(argv: list[str]) -> dict[str, str]:
    """Where `manage.py up` is told to run; the command itself says what is wrong with a value."""
    if argv[1:2] != ["up"]:
        return {}
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for option in ("--host", "--port", "--data"):
        parser.add_argument(option)
    try:
        given = vars(parser.parse_known_args(argv[2:])[0])
    except argparse.ArgumentError:
        return {}
    return {name: value for name, value in given.items() if value and (name != "port" or value.isdecimal())}


def free_port(host: str) -> str:
    """One that nobody uses now; 0 where there is none to be had, which the command explains."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.bind((host, 0))
            return str(probe.getsockname()[1])
    except OSError:
        return "0"


def write_keys(path: Path) -> None:
    """Create the keys file once; an existing one is never touched: losing it loses every secret."""
    keys = f"SECRET_KEY={secrets.token_urlsafe(48)}\nFERNET_KEYS={secrets.token_urlsafe(32)}\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(keys)
        file.flush()
        os.fsync(file.fileno())
