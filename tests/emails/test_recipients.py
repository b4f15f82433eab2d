from collections.abc import Sequence

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications.emails.recipients import recipients_of
from tests import base
from tests.emails.props import notification

pytestmark = pytest.mark.django_db


def resolved(*to: str, cc: Sequence[str] = ()) -> tuple[list[str], list[str], list[str]]:
    """To, Cc, and what was left out."""
    recipients, left_out = recipients_of(notification(to=list(to), cc=list(cc)))
    return [str(each) for each in recipients.to], [str(each) for each in recipients.cc], left_out


def group(name: str, *people: str) -> None:
    made = Group.objects.create(name=name)
    made.user_set.set([base.person(each) for each in people])


def test_a_user_is_mailed_at_their_address() -> None:
    base.administrator()
    assert resolved("user:ada") == (["ada@contoso.test"], [], [])


def test_a_user_is_addressed_by_their_full_name() -> None:
    ada = base.administrator()
    ada.first_name, ada.last_name = "Ada,", "Lovelace\r\n"
    ada.save()
    assert resolved("user:ada")[0] == ['"Ada, Lovelace" <ada@contoso.test>']


def test_a_group_is_all_its_members_by_name() -> None:
    group("Operators", "zoe", "bob")
    assert resolved("group:Operators")[0] == ["bob@contoso.test", "zoe@contoso.test"]


def test_everybody_is_mailed_once_in_the_most_visible_field() -> None:
    group("Operators", "bob", "zoe")
    to, cc, _ = resolved("user:bob", "bob@contoso.test", cc=["group:Operators", "x@y.test"])
    assert (to, cc) == (["bob@contoso.test"], ["zoe@contoso.test", "x@y.test"])


def test_who_cannot_be_reached_is_left_out_and_named() -> None:
    base.outsider()
    silent = base.person("silent")
    silent.email = ""
    silent.save()
    odd = base.person("odd")
    odd.email = "oddé@"
    odd.save()
    group("Empty")
    to, _, left_out = resolved("user:mallory", "user:silent", "user:odd", "user:nobody", "group:Empty", "a@x.test")
    assert to == ["a@x.test"]
    assert left_out[:2] == ["The user “mallory” may no longer sign in.", "The user “silent” has no address."]
    assert left_out[2].startswith("The address of the user “odd”: “oddé@” cannot be used")
    assert left_out[3:] == ["There is no user “nobody” in the panel.", "Nobody is in the group “Empty”."]


def test_a_group_that_is_gone_is_named() -> None:
    assert resolved("group:Gone")[2] == ["There is no group “Gone” in the panel."]


def test_a_stored_address_that_is_none_is_left_out() -> None:
    to, _, (left_out,) = resolved("broken@", "a@x.test")
    assert to == ["a@x.test"]
    assert "“broken@” cannot be used" in left_out


def test_of_many_that_are_left_out_the_first_are_named() -> None:
    *named, last = resolved(*[f"user:gone{number}" for number in range(30)])[2]
    assert (len(named), last) == (5, "And 25 more.")


def test_any_number_of_accounts_is_asked_for_at_once() -> None:
    for number in range(20):
        group(f"G{number}", f"a{number}", f"b{number}")
    names = [f"user:a{number}" for number in range(20)] + [f"group:G{number}" for number in range(20)]
    with CaptureQueriesContext(connection) as asked:
        assert len(resolved(*names)[0]) == 40
    assert len(asked) == 2


def test_nothing_is_asked_for_addresses_alone() -> None:
    with CaptureQueriesContext(connection) as asked:
        resolved("a@x.test")
    assert len(asked) == 0
