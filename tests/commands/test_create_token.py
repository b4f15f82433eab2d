from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from notifications.models import ApiToken

pytestmark = pytest.mark.django_db


def create(name: str) -> str:
    out = StringIO()
    call_command("create_token", name, stdout=out)
    return out.getvalue()


def test_the_token_is_the_last_word_and_opens_the_door() -> None:
    secret = create("pdq on PC-001").split()[-1]
    token = ApiToken.verify(secret)
    assert token
    assert token.name == "pdq on PC-001"


def test_only_its_hash_and_prefix_are_kept() -> None:
    secret = create("pdq").split()[-1]
    assert not any(secret in str(value) for row in ApiToken.objects.values() for value in row.values())


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "two\nlines", "a\x00b"])
def test_a_name_that_does_not_fit_is_refused(name: str) -> None:
    with pytest.raises(CommandError):
        create(name)
    assert not ApiToken.objects.exists()


def test_a_name_in_use_is_refused_until_its_token_is_revoked() -> None:
    create("pdq")
    with pytest.raises(CommandError, match="in use"):
        create("pdq")
    ApiToken.objects.get().revoke()
    assert create("pdq")


def test_scopes_are_given_by_name() -> None:
    call_command("create_token", "pdq", scope=["report", "read"], stdout=StringIO())
    assert ApiToken.objects.get().scopes == ["report", "read"]
