from datetime import date
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from notifications.models import ApiToken

pytestmark = pytest.mark.django_db


def create(name: str, *options: str) -> str:
    out = StringIO()
    call_command("create_token", name, *options, stdout=out)
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


def test_limits_are_given_as_options() -> None:
    create(
        "pdq",
        *("--source", "pdq", "--source", "inventory-*", "--link-host", "*.example.com", "--rate", "60"),
        *("--expires", "2999-12-31", "--conflicts-to", "Ops <ops@example.com>"),
    )
    token = ApiToken.objects.get()
    assert (token.sources, token.link_hosts) == (["pdq", "inventory-*"], ["*.example.com"])
    assert (token.reports_per_minute, token.expires_on) == (60, date(2999, 12, 31))
    assert token.conflict_recipients == ["Ops <ops@example.com>"]


def test_without_options_it_has_no_limits() -> None:
    create("pdq")
    token = ApiToken.objects.get()
    assert [token.sources, token.link_hosts, token.conflict_recipients] == [[], [], []]
    assert (token.reports_per_minute, token.expires_on) == (None, None)


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("--source", "a\x00b", "control character"),
        ("--link-host", "https://tool/", "not a host"),
        ("--rate", "0", "whole number"),
        ("--expires", "2020-01-01", "over"),
        ("--expires", "tomorrow", "2027-12-31"),
        ("--conflicts-to", "nobody", "nobody"),
    ],
)
def test_a_limit_that_does_not_fit_is_refused(option: str, value: str, reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        create("pdq", option, value)
    assert not ApiToken.objects.exists()
