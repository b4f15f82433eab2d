"""The panel's settings, on a data folder and keys of the tests' own.

A settings module and not conftest.py, because pytest-django reads the settings before any conftest is loaded.
"""

import atexit
import os
import secrets
import shutil
import tempfile

_data = tempfile.mkdtemp(prefix="mailadmin-test-")
atexit.register(shutil.rmtree, _data, ignore_errors=True)
os.mkdir(f"{_data}/staticfiles")  # whitenoise warns of a missing one
os.environ["MAILADMIN_DATA"] = _data
os.environ["SECRET_KEY"] = secrets.token_urlsafe(48)
os.environ["FERNET_KEYS"] = secrets.token_urlsafe(32)
# Empty, not absent: a developer's .env fills only what is absent.
os.environ["BROKER_URL"] = os.environ["ALLOWED_HOSTS"] = ""
os.environ["PUBLIC_URL"] = "http://127.0.0.1:8000"

from mailadmin.settings import *  # noqa: E402, F403  # the environment had to be made first

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# A file, so that worker processes of a test can open it too; nothing in it outlives the run.
DATABASES["default"]["TEST"] = {"NAME": f"{_data}/test.sqlite3"} if "sqlite3" in DATABASES["default"]["ENGINE"] else {}  # noqa: F405
if DATABASES["default"]["TEST"]:  # noqa: F405
    DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"  # noqa: F405
