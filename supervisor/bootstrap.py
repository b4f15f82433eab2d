"""The data folder and the keys of an installation that was given none."""

import argparse
import os
import secrets
import socket
from contextlib import suppress
from pathlib import Path

from supervisor import environment
from supervisor.data_folder import why_unusable
from supervisor.environment import Unusable

ENV_FILE = Path(__file__).resolve().parent.parent / ".env"
KEYS_FILE = "keys.env"


def prepare(argv: list[str]) -> Path:
    """Make the data folder (0700) and, unless the environment has them, the keys (0600).

    The options of `up` that say where to run are read here, before Django's settings need them. Raises Unusable when
    the environment, one of its files or the data folder cannot be used.
    """
    # Database, journals, keys and captured mail are for the panel's own user alone.
    os.umask(0o077)
    environment.forget_empty_keys()
    environment.load(ENV_FILE)
    for name, value in options_of_up(argv).items():
        os.environ[f"MAILADMIN_{name.upper()}"] = value
    if argv[1:2] == ["up"] and os.environ.get("MAILADMIN_PORT") == "0":
        # Chosen here: every address that the panel gives out has it.
        os.environ["MAILADMIN_PORT"] = free_port(os.environ.get("MAILADMIN_HOST") or "127.0.0.1")
    data = Path(os.environ.get("MAILADMIN_DATA") or "data").absolute()
    os.environ["MAILADMIN_DATA"] = str(data)
    make_folder(data)
    make_keys(data / KEYS_FILE)
    return data


def make_folder(data: Path) -> None:
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unusable(f"The data folder {data} cannot be used: {why_unusable(data, error)}") from error


def make_keys(file: Path) -> None:
    """Have both keys in the environment: those that are there, else those of `file`, made when it is missing."""
    if not ("SECRET_KEY" in os.environ and "FERNET_KEYS" in os.environ):
        try:
            write_keys(file)
        except OSError as error:
            raise Unusable(f"{file} cannot be created: {why_unusable(file.parent, error)}") from error
    environment.load(file)
    environment.require_keys(file)


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


def write_keys(file: Path) -> None:
    """Create the keys file once and whole; an existing one is never touched: losing it loses every secret."""
    if file.exists():
        return
    keys = f"SECRET_KEY={secrets.token_urlsafe(48)}\nFERNET_KEYS={secrets.token_urlsafe(32)}\n"
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as target:
            target.write(keys)
            target.flush()
            os.fsync(target.fileno())
        # Unlike a rename, it fails when another process that starts now was faster.
        with suppress(FileExistsError):
            os.link(fresh, file)
    finally:
        fresh.unlink(missing_ok=True)
