"""The secret field: what is in the database, what comes back, and what is refused."""

import io
import secrets as random

import pytest
from django.core.exceptions import FieldError
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F, Value
from django.forms import modelform_factory

from notifications.models import MailServerSettings, Message
from notifications.models.fields import SecretField, Unreadable
from tests.base import a_message, use_smtp

pytestmark = pytest.mark.django_db

SECRET = "hunter2-äöü"


def stored() -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT basic_password FROM notifications_mailserversettings")
        return bytes(cursor.fetchone()[0])


def store(ciphertext: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE notifications_mailserversettings SET basic_password = %s", [ciphertext])


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
    @pytest.mark.parametrize("ciphertext", [b"", b"clear text", b"gAAAAA", b"\xff\xfe"])
    def test_is_read_as_unreadable(self, saved: MailServerSettings, ciphertext: bytes) -> None:
        store(ciphertext)
        assert isinstance(MailServerSettings.load().basic_password, Unreadable)

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
