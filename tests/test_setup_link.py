import time

import pytest
from django.contrib.auth import get_user_model
from django.core.signing import TimestampSigner
from django.test import override_settings

from notifications import setup_link
from notifications.models import Identity
from tests.base import administrator

pytestmark = pytest.mark.django_db


def test_a_fresh_link_works() -> None:
    assert setup_link.check_setup_token(setup_link.make_setup_token())


def test_the_link_is_under_the_public_address() -> None:
    with override_settings(PUBLIC_URL="https://panel.example.com"):
        url = setup_link.setup_url()
    assert url
    assert url.startswith("https://panel.example.com/setup/")
    assert setup_link.check_setup_token(url.rstrip("/").rpartition("/")[2])


def test_nothing_works_once_there_is_a_user() -> None:
    token = setup_link.make_setup_token()
    administrator()
    assert not setup_link.check_setup_token(token)
    assert setup_link.setup_url() is None


def test_even_a_user_who_may_not_sign_in_closes_it() -> None:
    get_user_model().objects.create_user("gone", is_active=False, is_superuser=True)
    assert setup_link.setup_url() is None


def test_somebody_who_came_in_by_a_provider_does_not_close_it() -> None:
    Identity.person("https://login.example", "s", "vera@contoso.test", None)
    token = setup_link.make_setup_token()
    assert setup_link.check_setup_token(token)


def test_is_over_after_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    token = setup_link.make_setup_token()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 24 * 3600 - 5)
    assert setup_link.check_setup_token(token)
    monkeypatch.setattr(time, "time", lambda: now + 24 * 3600 + 5)
    assert not setup_link.check_setup_token(token)


@pytest.mark.parametrize("token", ["", "first", "first.abc.def", "first..", "\x00", "ä" * 10_000])
def test_a_made_up_token_is_refused(token: str) -> None:
    assert not setup_link.check_setup_token(token)


def test_a_changed_token_is_refused() -> None:
    token = setup_link.make_setup_token()
    assert not setup_link.check_setup_token(token[:-1] + ("A" if token[-1] != "A" else "B"))


def test_what_was_signed_for_something_else_is_refused() -> None:
    assert not setup_link.check_setup_token(TimestampSigner(sep=".").sign(setup_link.PURPOSE))
    assert not setup_link.check_setup_token(setup_link.signer().sign("another"))


def test_a_token_survives_a_url_unescaped() -> None:
    assert set(setup_link.make_setup_token()) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
    )
