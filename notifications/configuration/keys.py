"""Keys whose value stands elsewhere: secrets in the environment, certificates in files."""

import os
from pathlib import Path
from typing import Any

from notifications.configuration.problems import ConfigurationError

LONGEST_FILE = 200_000


def secret(value: Any, path: str) -> str:
    """What `{ env = "NAME" }` stands for; nothing else is taken."""
    if isinstance(value, str):
        raise ConfigurationError(
            [f'{path}: a secret does not belong into this file. Write {{ env = "NAME" }} and set that variable.']
        )
    if not isinstance(value, dict) or list(value) != ["env"] or not isinstance(value["env"], str):
        raise ConfigurationError([f'{path}: must read {{ env = "NAME" }}.'])
    found = os.environ.get(value["env"], "")
    if not found:
        raise ConfigurationError([f"{path}: the environment variable {value['env']} is not set, or is empty."])
    return found


def file(value: Any, path: str, folder: Path) -> str:
    """The text of the file that is named, seen from `folder`."""
    if not isinstance(value, str) or not value or "\x00" in value:
        raise ConfigurationError([f"{path}: must be the name of a file."])
    try:
        with (folder / value).open("rb") as source:
            text = source.read(LONGEST_FILE + 1).decode()
    except OSError as error:
        raise ConfigurationError([f"{path}: {value} cannot be read ({error.strerror})."]) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError([f"{path}: {value} is no text, so no certificate in PEM."]) from error
    # Read as "no certificate", it would silently bring back the system's list.
    if not text.strip():
        raise ConfigurationError([f"{path}: {value} is empty."])
    return text
