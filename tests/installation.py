"""A data folder of its own, without anything running."""

import os
import subprocess
import sys
from pathlib import Path

from tests.keys import new_key
from tests.panel import PROJECT


class Installation:
    """What an operator types, each time in a process of its own."""

    def __init__(self, data: Path, database_url: str = "") -> None:
        self.env = {**os.environ, "MAILADMIN_DATA": str(data), "BROKER_URL": "", "DATABASE_URL": database_url}
        self.env |= {"SECRET_KEY": new_key() + new_key(), "DJANGO_SETTINGS_MODULE": "mailadmin.settings"}

    def start(self, keys: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "manage.py", *arguments]
        env = {**self.env, "FERNET_KEYS": keys}
        return subprocess.Popen(
            command, cwd=PROJECT, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def manage(self, keys: str, *arguments: str) -> str:
        process = self.start(keys, *arguments)
        out, errors = process.communicate(timeout=120)
        assert process.returncode == 0, out + errors
        return out
