"""A data folder and keys of the tests' own, made before Django reads its settings."""

import os
import secrets
import tempfile

os.environ["MAILADMIN_DATA"] = tempfile.mkdtemp(prefix="mailadmin-test-")
os.environ["SECRET_KEY"] = secrets.token_urlsafe(48)
os.environ["FERNET_KEYS"] = secrets.token_urlsafe(32)
os.environ.pop("BROKER_URL", None)
