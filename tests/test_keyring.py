"""Every stored secret gets the newest key, whatever happens on the way."""

import threading
from collections import Counter

import pytest
from django.db import connection, transaction

from notifications import keyring
from notifications.keyring import Opens, rotate, secret_fields, survey
from notifications.models import AppToken, MailServerSettings, Message, OAuthGrant
from tests.base import a_message, use_smtp
from tests.keys import UseKeys, new_key
from tests.keys import use_keys as use_keys  # a fixture

OLD, NEW, STRANGE = new_key(), new_key(), new_key()
SECRET = "pass\u00adwort 7"


@pytest.fixture
def saved_with_the_old_key(use_keys: UseKeys) -> None:
    use_keys(OLD)
    use_smtp(host="mail.contoso.test", port=25, password=SECRET)
    AppToken.load()
    OAuthGrant(pk=1, cache="a refresh token", access_token="an access token").save()


def opens() -> Counter[Opens]:
    return Counter(secret.opens for secret in survey())


def test_every_secret_column_of_the_app_is_known() -> None:
    names = {f"{model._meta.object_name}.{field.name}" for model, fields in secret_fields().items() for field in fields}
    assert {
        "MailServerSettings.basic_password",
        "MailServerSettings.oauth2_client_secret",
        "MailServerSettings.graph_client_secret",
        "OAuthGrant.cache",
        "OAuthGrant.access_token",
        "AppToken.access_token",
        "ConsentRequest.data",
        "Message.draft_server",
    } <= names


def test_every_secret_says_what_brings_it_back() -> None:
    assert {model.__name__ for model in secret_fields()} == set(keyring.REMEDIES)


@pytest.mark.django_db
@pytest.mark.usefixtures("saved_with_the_old_key")
class TestRotating:
    def test_leaves_every_secret_readable_with_the_newest_key_alone(self, use_keys: UseKeys) -> None:
        use_keys(NEW, OLD)
        assert set(opens()) == {Opens.OLDER}
        list(rotate())
        use_keys(NEW)
        assert set(opens()) == {Opens.NEWEST}
        assert MailServerSettings.load().basic_password == SECRET
        assert OAuthGrant.load().cache == "a refresh token"

    def test_twice_changes_nothing_the_second_time(self, use_keys: UseKeys) -> None:
        use_keys(NEW, OLD)
        list(rotate())
        before = stored_password()
        assert {secret.opens for secret in rotate()} == {Opens.NEWEST}
        assert stored_password() == before

    def test_keeps_what_no_key_opens_and_says_where_it_is(self, use_keys: UseKeys) -> None:
        before = stored_password()
        use_keys(STRANGE)
        lost = [str(secret) for secret in rotate() if secret.opens is Opens.NONE]
        assert "MailServerSettings: basic_password" in lost
        assert stored_password() == before
        use_keys(OLD)
        assert MailServerSettings.load().basic_password == SECRET

    def test_takes_no_part_in_moving_a_ciphertext_to_another_column(self, use_keys: UseKeys) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE notifications_mailserversettings SET graph_client_secret = basic_password")
        use_keys(NEW, OLD)
        assert {s.column for s in rotate() if s.opens is Opens.NONE} == {"graph_client_secret"}

    def test_never_names_a_secret(self, use_keys: UseKeys) -> None:
        use_keys(NEW, OLD)
        assert SECRET not in "".join(f"{secret} {secret!r}" for secret in rotate())

    def test_cut_off_between_batches_goes_on_where_it_ended(
        self, use_keys: UseKeys, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(keyring, "BATCH", 2)
        for number in range(5):
            a_message(draft_server=f"draft {number}")
        use_keys(NEW, OLD)
        next(secret for secret in rotate() if secret.model is Message)
        half = opens()
        assert half[Opens.NEWEST]
        assert half[Opens.OLDER]
        assert Counter(secret.opens for secret in rotate()) == half
        assert set(opens()) == {Opens.NEWEST}


@pytest.mark.django_db(transaction=True)
def test_a_password_saved_in_the_meantime_is_not_undone(use_keys: UseKeys) -> None:
    use_keys(OLD)
    use_smtp(host="mail.contoso.test", port=25, password="the old one")
    use_keys(NEW, OLD)
    rotating = threading.Thread(target=rotate_in_a_thread)
    with transaction.atomic():
        saved = MailServerSettings.load()
        saved.save_version({"basic_password": SECRET}, seen=saved.version)
        rotating.start()
        # Long enough to read the old password, if it could be read while somebody saves.
        rotating.join(0.5)
    rotating.join(20)
    assert not rotating.is_alive()
    assert MailServerSettings.load().basic_password == SECRET


def rotate_in_a_thread() -> None:
    list(rotate())
    connection.close()


def stored_password() -> bytes:
    with connection.cursor() as cursor:
        cursor.execute("SELECT basic_password FROM notifications_mailserversettings")
        return bytes(cursor.fetchone()[0])
