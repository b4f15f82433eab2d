"""Invitations, roles and sessions as rows: what happens once, and what never happens."""

import threading
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from notifications.access import Role, role_of
from notifications.models import AuditEvent, BrowserSession, Invitation, LastAdministrator
from notifications.models.browser_session import end_sessions
from notifications.models.people import activate, change_role, deactivate
from notifications.tasks import prune
from tests.base import administrator, operator, person, viewer


def actions() -> list[str]:
    return [str(event) for event in AuditEvent.objects.order_by("id")]


@pytest.mark.django_db
class TestInvitation:
    def test_keeps_no_token(self) -> None:
        _, token = Invitation.issue("Vera", Role.VIEWER, by=administrator())
        assert not any(token in str(value) for row in Invitation.objects.values() for value in row.values())

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.ADMINISTRATOR])
    def test_gives_the_role_it_was_made_for(self, role: Role) -> None:
        made, token = Invitation.issue("Vera", role, by=administrator())
        vera = User(username="vera")

        found = Invitation.find(token)
        assert found == made
        assert found.accept(vera)

        made.refresh_from_db()
        assert role_of(User.objects.get(username="vera")) == role
        assert (made.state, made.used_by) == ("used", vera)

    def test_works_once(self) -> None:
        made, token = Invitation.issue("Vera", Role.VIEWER, by=None)
        assert made.accept(User(username="vera"))

        assert Invitation.find(token) is None
        assert not made.accept(User(username="eve"))
        assert not User.objects.filter(username="eve").exists()

    def test_ends_after_seven_days(self) -> None:
        made, token = Invitation.issue("Vera", Role.VIEWER, by=None)
        assert timedelta(days=6, hours=23) < made.expires_at - timezone.now() <= timedelta(days=7)
        made.expires_at = timezone.now() - timedelta(seconds=1)
        made.save()

        assert Invitation.find(token) is None
        assert not made.accept(User(username="late"))
        assert made.state == "expired"

    def test_is_over_once_it_is_revoked(self) -> None:
        made, token = Invitation.issue("Vera", Role.VIEWER, by=None)
        assert made.revoke(by=None)
        assert not made.revoke(by=None)

        assert Invitation.find(token) is None
        assert not made.accept(User(username="eve"))

    @pytest.mark.parametrize("falls", [deactivate, partial(change_role, role=Role.OPERATOR)])
    def test_goes_with_the_rights_of_who_made_it(self, falls: Any) -> None:
        ada, eve = administrator(), person("eve", is_staff=True, is_superuser=True)
        made, token = Invitation.issue("Eve once more", Role.ADMINISTRATOR, by=eve)
        kept, _ = Invitation.issue("Vera", Role.VIEWER, by=ada)
        falls(eve, by=ada)
        assert Invitation.find(token) is None
        assert not made.accept(User(username="eve2"))
        assert kept.accept(User(username="vera"))
        assert "Invitation revoked: Eve once more, administrator" in actions()

    def test_of_somebody_whose_rights_went_by_other_ways_is_worth_nothing(self) -> None:
        eve = person("eve", is_staff=True, is_superuser=True)
        made, _ = Invitation.issue("Eve once more", Role.ADMINISTRATOR, by=eve)
        User.objects.update(is_superuser=False)
        assert not made.accept(User(username="eve2"))

    def test_is_written_down(self) -> None:
        made, _ = Invitation.issue("Vera", Role.OPERATOR, by=None)
        other, _ = Invitation.issue("Otto", Role.VIEWER, by=None)
        made.accept(User(username="vera"))
        other.revoke(by=None)
        assert actions() == [
            "Invitation made: Vera, operator",
            "Invitation made: Otto, viewer",
            "Invitation used: Vera, operator",
            "Invitation revoked: Otto, viewer",
        ]


@pytest.mark.django_db
class TestRoles:
    def test_change_and_are_written_down(self) -> None:
        ada, vic = administrator(), viewer()
        change_role(vic, Role.OPERATOR, by=ada)
        assert role_of(User.objects.get(username="vic")) == Role.OPERATOR
        assert actions() == ["Role changed: vic: viewer to operator"]

    def test_that_stay_are_no_news(self) -> None:
        change_role(viewer(), Role.VIEWER, by=None)
        assert actions() == []

    @pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
    def test_of_the_last_administrator_stay(self, role: Role) -> None:
        ada = administrator()
        person("gone", is_staff=True, is_superuser=True, is_active=False)
        with pytest.raises(LastAdministrator):
            change_role(ada, role, by=ada)
        with pytest.raises(LastAdministrator):
            deactivate(ada, by=ada)
        assert role_of(User.objects.get(username="ada", is_active=True)) == Role.ADMINISTRATOR

    def test_of_one_of_two_administrators_may_go(self) -> None:
        ada, eva = administrator(), person("eva", is_staff=True, is_superuser=True)
        change_role(ada, Role.VIEWER, by=eva)
        assert role_of(User.objects.get(username="ada")) == Role.VIEWER


@pytest.mark.django_db(transaction=True)
def test_two_administrators_cannot_demote_each_other_at_once() -> None:
    pair = [administrator(), person("eva", is_staff=True, is_superuser=True)]
    start, refused = threading.Barrier(2), []

    def demote(user: User) -> None:
        start.wait()
        try:
            change_role(user, Role.VIEWER, by=None)
        except LastAdministrator:
            refused.append(user)
        finally:
            connection.close()

    threads = [threading.Thread(target=demote, args=[user]) for user in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(refused) == 1
    assert User.objects.filter(is_superuser=True).count() == 1


def refuse_updates(execute: Any, sql: str, *more: Any) -> Any:
    if sql.startswith("UPDATE"):
        raise OperationalError("database or disk is full")
    return execute(sql, *more)


@pytest.mark.django_db
class TestSessions:
    def signed_in(self, user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    def test_end_with_the_account(self) -> None:
        vic = viewer()
        client = self.signed_in(vic)
        assert client.get("/deliveries/").status_code == 200

        deactivate(vic, by=None)
        assert client.get("/deliveries/").status_code == 302
        assert not BrowserSession.objects.exists()

        # Switched on again, the old browser stays out.
        activate(vic, by=None)
        assert client.get("/deliveries/").status_code == 302

    def test_end_one_by_one(self) -> None:
        vic = viewer()
        first, second = self.signed_in(vic), self.signed_in(vic)
        newest = BrowserSession.objects.order_by("started_at").last()
        assert newest

        assert end_sessions(vic, by=None, only=newest.pk) == 1

        assert first.get("/deliveries/").status_code == 200
        assert second.get("/deliveries/").status_code == 302

    def test_of_somebody_else_are_not_ended_by_their_number(self) -> None:
        vic, olga = viewer(), operator()
        client = self.signed_in(olga)
        assert end_sessions(vic, by=vic, only=BrowserSession.objects.get().pk) == 0
        assert client.get("/deliveries/").status_code == 200

    def test_end_when_nobody_was_seen_for_long(self, settings: object) -> None:
        client = self.signed_in(viewer())
        settings.SESSION_IDLE = timedelta(hours=1)  # type: ignore[attr-defined]
        BrowserSession.objects.update(seen_at=timezone.now() - timedelta(minutes=59))
        assert client.get("/deliveries/").status_code == 200
        assert BrowserSession.objects.get().seen_at > timezone.now() - timedelta(minutes=1)

        BrowserSession.objects.update(seen_at=timezone.now() - timedelta(minutes=61))
        assert client.get("/deliveries/").status_code == 302
        assert not BrowserSession.open_of(User.objects.get()).exists()

    def test_are_not_kept_open_by_a_page_that_renews_itself(self) -> None:
        client = self.signed_in(viewer())
        BrowserSession.objects.update(seen_at=(seen := timezone.now() - timedelta(hours=1)))
        assert client.get("/dashboard/", headers={"HX-Request": "true", "X-Poll": "1"}).status_code == 200
        assert BrowserSession.objects.get().seen_at == seen

    def test_that_are_over_are_forgotten_by_the_worker(self) -> None:
        kept, over = self.signed_in(viewer()), self.signed_in(operator())
        rows = BrowserSession.objects.filter(user__username="olga")
        rows.update(seen_at=timezone.now() - timedelta(hours=25))
        Session.objects.filter(pk=over.session.session_key).update(expire_date=timezone.now())
        prune()
        assert not rows.exists()
        assert [each.pk for each in Session.objects.all()] == [kept.session.session_key]

    def test_of_a_database_that_takes_no_write_are_open_all_the_same(self) -> None:
        client = self.signed_in(viewer())
        BrowserSession.objects.update(seen_at=timezone.now() - timedelta(hours=1))
        with connection.execute_wrapper(refuse_updates):
            assert client.get("/deliveries/").status_code == 200

    @pytest.mark.parametrize(
        ("line", "name"),
        [
            ("Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit Chrome/140 Safari/537 Edg/140", "Edge on Windows"),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 19 like Mac OS X) Version/19 Safari/604.1", "Safari on iPhone"),
            ("curl/8", "Some program"),
        ],
    )
    def test_name_their_browser_in_words(self, line: str, name: str) -> None:
        assert BrowserSession(browser=line).browser_name == name
