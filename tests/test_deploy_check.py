"""Django's own list for a public installation has nothing to say about ours."""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("proxy", ["on", "off"])
def test_a_public_installation_gets_no_warning(tmp_path: Path, proxy: str) -> None:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("DJANGO", "MAILADMIN", "PUBLIC"))
    }
    environment |= {
        "MAILADMIN_DATA": str(tmp_path),
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FERNET_KEYS": secrets.token_urlsafe(32),
        "ALLOWED_HOSTS": "panel.example.com",
        "DEBUG": "off",
        "TRUST_PROXY_HEADERS": proxy,
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=120)
    assert (done.returncode, "no issues" in done.stdout) == (0, True), done.stderr
