"""Upgrading an installation that stored empty secrets encrypted."""

import importlib
import sqlite3
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.db import connection
from fernet_fields.hkdf import derive_fernet_key

from notifications.keyring import survey
from notifications.models import AppToken, MailServerSettings, OAuthGrant
from tests.installation import Installation
from tests.keys import UseKeys, new_key
from tests.keys import use_keys as use_keys  # a fixture

OLD, OTHER = new_key(), new_key()
EMPTY = {
    "mailserversettings": ("basic_password", "oauth2_client_secret", "graph_client_secret"),
    "oauthgrant": ("cache", "access_token"),
    "apptoken": ("access_token",),
}
LIST = "from notifications.keyring import survey; print(sorted(map(str, survey())))"


def encrypted(column: str, text: str = "") -> bytes:
    """As every version before stored it, the empty text too."""
    return Fernet(derive_fernet_key(OLD)).encrypt(f"notifications.{column}\0{text}".encode())


@pytest.fixture
def old_rows(db: None) -> None:
    for model in (MailServerSettings, OAuthGrant, AppToken):
        model(pk=1).save()
    with connection.cursor() as cursor:
        for table, columns in EMPTY.items():
            for column in columns:
                sql = f"UPDATE notifications_{table} SET {column} = %s"
                cursor.execute(sql, [encrypted(f"{table}.{column}")])


def store(column: str, text: str) -> None:
    with connection.cursor() as cursor:
        sql = f"UPDATE notifications_mailserversettings SET {column} = %s"
        cursor.execute(sql, [encrypted(f"mailserversettings.{column}", text)])


def left() -> list[str]:
    """The secrets that are stored after the upgrade."""
    migration = importlib.import_module("notifications.migrations.0003_empty_secrets")
    with connection.schema_editor() as editor:
        migration.forget_empty(apps, editor)
    return sorted(secret.column for secret in survey())


@pytest.mark.usefixtures("old_rows")
@pytest.mark.django_db(transaction=True)
class TestTheUpgrade:
    @pytest.mark.parametrize("key", [OLD, OTHER], ids=["with the key", "without the key"])
    def test_forgets_empty_secrets(self, use_keys: UseKeys, key: str) -> None:
        use_keys(key)
        assert left() == []

    @pytest.mark.parametrize("key", [OLD, OTHER], ids=["with the key", "without the key"])
    def test_keeps_what_is_a_secret(self, use_keys: UseKeys, key: str) -> None:
        use_keys(key)
        MailServerSettings.objects.update(basic_user="ops")
        store("basic_password", "seven77")
        store("oauth2_client_secret", "a" * 40)
        assert left() == ["basic_password", "oauth2_client_secret"]

    def test_forgets_an_empty_password_that_belongs_to_a_user_when_the_key_is_there(self, use_keys: UseKeys) -> None:
        use_keys(OLD)
        MailServerSettings.objects.update(basic_user="ops")
        assert left() == []


def test_a_data_folder_of_the_first_version_opens_without_its_key(tmp_path: Path) -> None:
    here = Installation(tmp_path / "data")
    here.manage(OLD, "migrate", "notifications", "0002", "--verbosity", "0")
    database = sqlite3.connect(tmp_path / "data" / "mailadmin.sqlite3")
    (password,) = database.execute("SELECT basic_password FROM notifications_mailserversettings").fetchone()
    database.close()
    assert password
    here.manage(OTHER, "migrate", "--verbosity", "0")
    assert here.manage(OTHER, "shell", "--verbosity", "0", "--command", LIST).strip() == "[]"
