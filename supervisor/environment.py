"""Reads the environment and its files strictly: what cannot be used ends the program with one sentence."""

import os
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from environ import Env

from supervisor.data_folder import why_unusable

LINE = re.compile(r"(?:export )?([A-Za-z_0-9]+)=(.*)")
WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,15}")
NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?")
SWITCHES = dict.fromkeys(("on", "true", "yes", "y", "ok", "1"), True)
SWITCHES |= dict.fromkeys(("off", "false", "no", "n", "0"), False)
DATABASES = ("postgres://", "postgresql://", "sqlite://")
NEW_KEY = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
HOW_TO_REPLACE = {
    "SECRET_KEY": f"Put its line back from a backup, or add one with a new key made by: {NEW_KEY}",
    "FERNET_KEYS": "Put its line back from a backup: only the lost keys open the saved passwords. "
    f"Without a backup, add a new key made by: {NEW_KEY}",
}


class Unusable(SystemExit):
    """Ends the program; the message says what cannot be used and what to do, and never contains a secret."""


def load(file: Path) -> None:
    """Set what `file` sets and os.environ does not; a missing file sets nothing."""
    if content := read(file):
        check_lines(file, content)
        Env.read_env(StringIO(content))


def forget_empty_keys() -> None:
    """A key's line that was left empty in an environment file must not win over keys.env."""
    for name in HOW_TO_REPLACE:
        if not os.environ.get(name, "").strip():
            os.environ.pop(name, None)


def require_keys(keys_file: Path) -> None:
    """Raise Unusable unless both keys are set."""
    for name, advice in HOW_TO_REPLACE.items():
        if not os.environ.get(name, "").strip():
            raise Unusable(f"{name} is missing in {keys_file}. {advice}")


def read(file: Path) -> str:
    """The file's text, empty when there is no such file."""
    try:
        # Notepad and PowerShell begin UTF-8 with a byte order mark.
        text = file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise Unusable(f"{file} cannot be read: {why_unusable(file, error)}") from error
    except UnicodeDecodeError as error:
        raise Unusable(f"{file} is not UTF-8 text. Save it as UTF-8.") from error
    if "\0" in text:
        raise Unusable(f"{file} contains zero bytes. Save it as UTF-8 text.")
    return text


def check_lines(file: Path, text: str) -> None:
    """Raise Unusable for a line that is neither empty, a comment nor NAME=value, and for a name in two lines."""
    first: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = LINE.fullmatch(line)
        if found is None:
            raise Unusable(f"{file} cannot be read: line {number} is not NAME=value. Correct it, or put # in front.")
        name, value = found.groups()
        if value[:1] in ("'", '"') and (len(value) < 2 or value[-1] != value[0]):
            raise Unusable(f"{file} cannot be read: line {number} has an opening quote but no closing one.")
        if name in first:
            raise Unusable(f"{file} sets {name} twice, in lines {first[name]} and {number}. Remove one of them.")
        first[name] = number


@cache
def set_twice() -> set[str]:
    """Names that this process was given more than once (Linux): Python takes the first, other programs the last."""
    try:
        pairs = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:
        return set()
    # The same pair twice is the same everywhere.
    names = Counter(pair.partition(b"=")[0] for pair in set(pairs) if b"=" in pair)
    return {os.fsdecode(name) for name, count in names.items() if count > 1}


def text(name: str, *, default: str | None = None) -> str:
    """Raises Unusable when the variable is not set and has no default. One that is set to nothing is not set."""
    if name in set_twice():
        raise Unusable(f"The environment sets {name} twice, to different values. Remove one of them.")
    value = os.environ.get(name, "").strip()
    if not value and default is None:
        raise Unusable(f"{name} is not set, and has no default. .env.example says what it is.")
    return value or default or ""


def names(name: str, *, default: Sequence[str] = ()) -> list[str]:
    """The parts between commas, without blanks and empty ones."""
    return [part.strip() for part in text(name, default=",".join(default)).split(",") if part.strip()]


def switch(name: str, *, default: bool) -> bool:
    value = text(name, default="").lower()
    if value and value not in SWITCHES:
        raise Unusable(f"{name} must be on or off.")
    return SWITCHES.get(value, default)


def whole_number(name: str, *, default: int, least: int = 0, most: int = 10**9) -> int:
    value = text(name, default=str(default))
    if not WHOLE_NUMBER.fullmatch(value) or not least <= int(value) <= most:
        raise Unusable(f"{name} must be a whole number from {least} to {most}.")
    return int(value)


def number(name: str, *, default: float, least: float = 0.0) -> float:
    value = text(name, default=str(default))
    if not NUMBER.fullmatch(value) or float(value) < least:
        raise Unusable(f"{name} must be a number, at least {least:g}.")
    return float(value)


def choice(name: str, choices: Sequence[str], *, default: str) -> str:
    value = text(name, default=default)
    if value not in choices:
        raise Unusable(f"{name} must be one of {', '.join(choices)}.")
    return value


def time_zone(name: str, *, default: str) -> str:
    value = text(name, default=default)
    if value not in available_timezones():
        raise Unusable(f"{name} must be the name of a time zone, such as Europe/Berlin.")
    return value


def database(name: str, *, default: str) -> dict[str, Any]:
    """Django's settings of the database at a URL. Its password is in no message."""
    url = text(name, default=default)
    wrong = Unusable(f"{name} must read postgres://user:password@host/database or sqlite:////path/to/file.")
    # Checked here: for another scheme the parser prints what it found, the password too.
    if not url.startswith(DATABASES):
        raise wrong
    try:
        found: dict[str, Any] = Env.db_url_config(url)
    except (KeyError, ValueError, TypeError):
        raise wrong from None
    if not found.get("NAME"):
        raise wrong
    return found


class Environment:
    """The readers by the short names that settings use."""

    str = staticmethod(text)
    list = staticmethod(names)
    bool = staticmethod(switch)
    int = staticmethod(whole_number)
    float = staticmethod(number)
    choice = staticmethod(choice)
    time_zone = staticmethod(time_zone)
    database = staticmethod(database)
