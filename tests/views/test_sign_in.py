"""Guessing passwords, and what the cookies say."""

import re
from datetime import timedelta
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifications.lock_out import NAMES_PER_NETWORK
from notifications.models import AuditEvent
from tests.base import PASSWORD, administrator, outsider, viewer

pytestmark = pytest.mark.django_db
LIMIT = 5


def attempt(client: Client, name: str = "ada", password: str = "wrong", **more: Any) -> Any:
    return client.post(reverse("sign-in"), {"username": name, "password": password}, **more)


def shut_out(client: Client, name: str = "ada", **more: Any) -> None:
    for _ in range(LIMIT):
        attempt(client, name, **more)


def told() -> list[tuple[str, str]]:
    return [(str(event), event.actor_name) for event in AuditEvent.objects.order_by("id")]


class TestTooManyGuesses:
    def test_are_answered_with_the_wait(self) -> None:
        administrator()
        client = Client()
        answers = [attempt(client).status_code for _ in range(LIMIT)]
        assert answers == [200, 200, 200, 200, 429]

        response = attempt(client, password=PASSWORD)

        assert response.status_code == 429
        assert response.headers["Retry-After"] == "900"
        assert "Wait 15 minutes" in response.content.decode()
        assert "_auth_user_id" not in client.session

    def test_end_after_the_wait(self) -> None:
        administrator()
        client = Client()
        shut_out(client)
        AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=16))
        assert attempt(client, password=PASSWORD).status_code == 302

    def test_shut_out_nobody_at_another_address(self) -> None:
        administrator()
        shut_out(Client())
        assert attempt(Client(), password=PASSWORD, REMOTE_ADDR="192.0.2.7").status_code == 302

    def test_shut_out_nobody_else_at_the_same_address(self) -> None:
        administrator()
        viewer()
        shut_out(Client())
        assert attempt(Client(), "vic", PASSWORD).status_code == 302

    def test_tell_nobody_which_names_exist(self) -> None:
        administrator()
        outsider()
        pages = set()
        for name in ("ada", "mallory", "nobody"):
            client = Client()
            shut_out(client, name)
            response = attempt(client, name)
            pages.add((response.status_code, response.content))
        assert len(pages) == 1

    def test_shut_out_a_whole_network_that_tries_many_names(self) -> None:
        administrator()
        answers = [attempt(Client(), f"name{number}").status_code for number in range(LIMIT * NAMES_PER_NETWORK)]
        assert answers[-2:] == [200, 429]
        assert attempt(Client(), password=PASSWORD).status_code == 429
        assert attempt(Client(), password=PASSWORD, REMOTE_ADDR="192.0.2.7").status_code == 302
        call_command("unlock", "127.0.0.1")
        assert attempt(Client(), password=PASSWORD).status_code == 302

    def test_are_counted_for_all_addresses_that_one_line_of_ipv6_has(self) -> None:
        administrator()
        for number in range(LIMIT):
            attempt(Client(), REMOTE_ADDR=f"2001:db8:1:2::{number}")
        assert attempt(Client(), password=PASSWORD, REMOTE_ADDR="2001:db8:1:2:9::9").status_code == 429
        assert attempt(Client(), password=PASSWORD, REMOTE_ADDR="2001:db8:1:3::1").status_code == 302

    @pytest.mark.parametrize(
        "forwarded",
        ["203.0.113.9:4000{}", "1.2.3.{}, 203.0.113.9", "[2001:db8::1]:400{}", "for=unknown{}", "", "1.2.3.{}, "],
    )
    def test_are_counted_whatever_the_proxy_writes(self, settings: Any, forwarded: str) -> None:
        settings.TRUST_PROXY_HEADERS = True
        administrator()
        for number in range(LIMIT):
            attempt(Client(), HTTP_X_FORWARDED_FOR=forwarded.format(number))
        response = attempt(Client(), password=PASSWORD, HTTP_X_FORWARDED_FOR=forwarded.format(9))
        assert response.status_code == 429

    def test_are_counted_where_no_address_is_known(self) -> None:
        administrator()
        for _ in range(LIMIT):
            attempt(Client(), REMOTE_ADDR="")
        assert attempt(Client(), password=PASSWORD, REMOTE_ADDR="").status_code == 429

    @pytest.mark.parametrize("name", [" ada ", "\uff41da"])
    def test_tell_the_wait_of_the_name_that_is_meant(self, name: str) -> None:
        administrator()
        shut_out(Client(), name)
        AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=10))
        assert attempt(Client(), name).headers["Retry-After"] == "300"

    def test_of_a_name_longer_than_any_are_told_so(self) -> None:
        assert "No user name is as long" in attempt(Client(), "a" * 5000).content.decode()

    def test_are_forgotten_after_a_good_one(self) -> None:
        administrator()
        client = Client()
        for _ in range(LIMIT - 1):
            attempt(client)
        attempt(client, password=PASSWORD)
        client.post(reverse("sign-out"))
        assert attempt(client).status_code == 200

    def test_are_forgiven_by_a_command(self) -> None:
        administrator()
        shut_out(Client())
        call_command("unlock", "ada")
        assert attempt(Client(), password=PASSWORD).status_code == 302
        assert ("Sign-in unlocked: ada", "") in told()
        with pytest.raises(CommandError, match="nothing to unlock"):
            call_command("unlock", "ada")


def test_after_a_wrong_password_that_is_what_one_types_next() -> None:
    focused = re.compile(r'<input[^>]*name="(\w+)"[^>]* autofocus')
    assert focused.findall(Client().get(reverse("sign-in")).content.decode()) == ["username"]
    assert focused.findall(attempt(Client()).content.decode()) == ["password"]


class TestTheRecord:
    def test_has_who_came_and_went(self) -> None:
        administrator()
        client = Client()
        attempt(client, password=PASSWORD, REMOTE_ADDR="192.0.2.7")
        client.post(reverse("sign-out"))
        assert told() == [("Signed in: ", "ada"), ("Signed out: ", "ada")]
        assert AuditEvent.objects.order_by("id")[0].origin == "192.0.2.7"

    def test_has_each_guess_until_nobody_looks_any_more(self) -> None:
        administrator()
        client = Client()
        shut_out(client)
        shut_out(client)
        events = [words for words, _ in told()]
        assert events.count("Sign-in locked: ada") == 1
        assert events.count("Sign-in refused: ada") == LIMIT - 1

    def test_has_no_password_that_was_typed_as_a_name(self) -> None:
        attempt(Client(), name=PASSWORD)
        assert told() == [("Sign-in refused: a name that is no account's", "")]
        assert AccessAttempt.objects.get().username.startswith("unknown ")
        assert PASSWORD not in str(AccessAttempt.objects.values())


class TestTheCookie:
    def test_is_for_this_site_and_no_script(self) -> None:
        administrator()
        cookie = attempt(Client(), password=PASSWORD).cookies["sessionid"]
        assert (cookie["samesite"], cookie["httponly"]) == ("Lax", True)

    def test_is_a_new_one_after_the_sign_in(self) -> None:
        administrator()
        client = Client()
        client.get(reverse("sign-in"))
        session = client.session
        session["planted"] = "by a stranger"
        session.save()
        client.cookies["sessionid"] = session.session_key or ""

        attempt(client, password=PASSWORD)

        assert client.cookies["sessionid"].value != session.session_key
        assert not Session.objects.filter(session_key=session.session_key).exists()

    def test_of_a_sign_out_opens_nothing(self) -> None:
        administrator()
        client = Client()
        attempt(client, password=PASSWORD)
        old = client.cookies["sessionid"].value
        client.post(reverse("sign-out"))
        client.cookies["sessionid"] = old
        assert client.get(reverse("deliveries")).status_code == 302
