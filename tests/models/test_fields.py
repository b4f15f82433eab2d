"""The secret field: what is in the database, what comes back, and what is refused."""

import io
import secrets as random

import pytest
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F, Value
from django.forms import modelform_factory

from notifications.keyring import Opens, survey
from notifications.models import MailServerSettings, Message
from notifications.models.fields import SecretField, Unreadable
from tests.base import a_message, use_smtp

pytestmark = pytest.mark.django_db

SECRET = "hunter2-äöü"
JUNK = [b"", "", b"clear text", "clear text", "pässwörd", "pässwörd".encode("latin-1"), b"gAAAAA", b"\xff\xfe", 7, 1.5]


def stored() -> bytes | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT basic_password FROM notifications_mailserversettings")
        (found,) = cursor.fetchone()
        return None if found is None else bytes(found)


def store(value: object) -> None:
    """As somebody's SQL would: PostgreSQL takes bytes only, SQLite anything."""
    if connection.vendor == "postgresql" and not isinstance(value, bytes):
        value = str(value).encode()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE notifications_mailserversettings SET basic_password = %s", [value])


@pytest.fixture
def saved() -> MailServerSettings:
    return use_smtp(host="mail.contoso.test", port=25, password=SECRET)


@pytest.fixture
def other_keys(settings: object) -> list[str]:
    """Replaces the keys for the length of a test; the field keeps what it derived from the old ones."""
    field = MailServerSettings._meta.get_field("basic_password")
    names = ("keys", "fernet_keys", "fernet")
    settings.FERNET_KEYS = [random.token_urlsafe(32)]  # type: ignore[attr-defined]
    kept = {name: field.__dict__.pop(name) for name in names if name in field.__dict__}
    yield settings.FERNET_KEYS  # type: ignore[attr-defined,misc]
    for name in names:
        field.__dict__.pop(name, None)
    field.__dict__.update(kept)


class TestASecret:
    def test_comes_back_as_it_went_in(self, saved: MailServerSettings) -> None:
        assert MailServerSettings.load().basic_password == SECRET

    def test_is_not_in_the_database_in_clear(self, saved: MailServerSettings) -> None:
        assert SECRET.encode() not in stored()

    def test_is_left_out_of_dumps(self, saved: MailServerSettings) -> None:
        out = io.StringIO()
        call_command("dumpdata", "notifications", stdout=out)
        assert "mail.contoso.test" in out.getvalue()
        assert '"basic_password":' not in out.getvalue()

    def test_has_no_field_in_a_model_form(self, saved: MailServerSettings) -> None:
        form = modelform_factory(MailServerSettings, exclude=["id"])(instance=saved)
        assert "basic_password" not in form.fields
        assert SECRET not in form.as_p()


class TestAnEmptySecret:
    def test_is_stored_as_null(self, saved: MailServerSettings) -> None:
        saved.basic_password = ""
        saved.save()
        assert stored() is None

    def test_is_read_as_an_empty_text(self, saved: MailServerSettings) -> None:
        MailServerSettings.objects.update(basic_password=None)
        found = MailServerSettings.load().basic_password
        assert (found, type(found)) == ("", str)

    def test_is_stored_as_null_by_an_update_too(self, saved: MailServerSettings) -> None:
        MailServerSettings.objects.update(basic_password="")
        assert stored() is None


class TestExpressions:
    @pytest.mark.parametrize("expression", [F("basic_user"), Value("clear text")])
    def test_are_refused_in_an_update(self, saved: MailServerSettings, expression: object) -> None:
        with pytest.raises(FieldError), transaction.atomic():
            MailServerSettings.objects.update(basic_password=expression)
        assert MailServerSettings.load().basic_password == SECRET

    def test_are_refused_in_a_bulk_update(self, saved: MailServerSettings) -> None:
        saved.basic_password = "new"
        with pytest.raises(FieldError), transaction.atomic():
            MailServerSettings.objects.bulk_update([saved], ["basic_password"])
        assert MailServerSettings.load().basic_password == SECRET

    def test_are_refused_in_a_save(self, saved: MailServerSettings) -> None:
        saved.basic_password = Value("clear text")  # type: ignore[assignment]
        with pytest.raises(FieldError), transaction.atomic():
            saved.save()

    def test_are_not_needed_for_a_plain_update(self, saved: MailServerSettings) -> None:
        MailServerSettings.objects.update(basic_password="plain")
        assert b"plain" not in stored()
        assert MailServerSettings.load().basic_password == "plain"


class TestWhatNoKeyOpens:
    @pytest.mark.parametrize("value", JUNK)
    def test_is_read_as_unreadable(self, saved: MailServerSettings, value: object) -> None:
        store(value)
        assert isinstance(MailServerSettings.load().basic_password, Unreadable)

    def test_includes_half_a_token(self, saved: MailServerSettings) -> None:
        whole = stored() or b""
        store(whole[: len(whole) // 2])
        assert isinstance(MailServerSettings.load().basic_password, Unreadable)

    def test_includes_text_that_is_not_utf_8(self, saved: MailServerSettings) -> None:
        value = "CAST(x'ff41' AS TEXT)" if connection.vendor == "sqlite" else "'\\xff41'::bytea"
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE notifications_mailserversettings SET basic_password = {value}")
        assert isinstance(MailServerSettings.load().basic_password, Unreadable)
        assert [secret.opens for secret in survey() if secret.column == "basic_password"] == [Opens.NONE]

    @pytest.mark.parametrize("value", JUNK)
    def test_is_listed_by_the_keyring(self, saved: MailServerSettings, value: object) -> None:
        store(value)
        assert [secret.opens for secret in survey() if secret.column == "basic_password"] == [Opens.NONE]

    def test_is_unreadable_after_the_key_is_lost(self, saved: MailServerSettings, other_keys: list[str]) -> None:
        assert isinstance(MailServerSettings.load().basic_password, Unreadable)

    def test_survives_a_save_of_the_other_columns(self, saved: MailServerSettings) -> None:
        store(b"from another key")
        row = MailServerSettings.load()
        row.basic_user = "ops"
        row.save()
        assert stored() == b"from another key"

    def test_includes_a_ciphertext_moved_from_another_column(self, saved: MailServerSettings) -> None:
        message = a_message(draft_server="secret of a draft")
        field = Message._meta.get_field("draft_server")
        assert isinstance(field, SecretField)
        with connection.cursor() as cursor:
            cursor.execute("SELECT draft_server FROM notifications_message WHERE id = %s", [message.pk])
            store(bytes(cursor.fetchone()[0]))
        assert isinstance(MailServerSettings.load().basic_password, Unreadable)
