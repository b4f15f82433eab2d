"""To read never writes: an administrator asks for every address of the table of access by GET."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifications.access import ACCESS
from notifications.models import ApiToken, BrowserSession, MailServerSettings, Safety, Scope
from notifications.models.singleton import Singleton
from tests.browser import lived_in, sitemap
from tests.test_access import named

# A GET of these writes for a reason.
WRITING = {
    "oauth-callback": "the provider's answer comes by GET",
    "provider-sign-in": "remembers which answer to expect",
    "provider-sign-in-callback": "the provider's answer comes by GET",
    "notifications-csv": "the audit records who exports a list",
    "deliveries-csv": "the audit records who exports a list",
    "deliveries-recipients-csv": "the audit records who exports a list",
    "completions-csv": "the audit records who exports a list",
    "audit-csv": "the audit records who exports a list",
    "token": "shows a new token once",
    "invitation-made": "shows a new link once",
}
# These take SQLite's write lock, and give it back with nothing written.
TRYING_THE_LOCK = {"readyz", "health"}
# BEGIN DEFERRED begins a snapshot, which takes no lock.
WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER|LOCK|TRUNCATE|BEGIN(?! D)|SAVEPOINT)\b", re.I)
Addresses = dict[str, list[str]]


@pytest.fixture
def reader(ada: object) -> Client:
    client = Client()
    client.force_login(ada)  # type: ignore[arg-type]
    return client


@pytest.fixture
def ada(transactional_db: None) -> Any:
    return lived_in.base.administrator()


@pytest.fixture
def addresses(ada: object, capsys: pytest.CaptureFixture[str]) -> Addresses:
    """Of a panel in which every page has something to show, by the name of the route."""
    with transaction.atomic():
        lived_in.fill()
    known = json.loads(capsys.readouterr().out)
    pages = {**sitemap.OUTSIDE, **sitemap.PAGES}
    return {
        name: [path.format(**known) for path in pages[name]] if name in pages else [built(name, known)]
        for name, methods in ACCESS.items()
        if "GET" in methods and name not in WRITING
    }


def built(name: str, known: dict[str, str]) -> str:
    values = {"uuid": known["sent"], "pk": known["notification"], "key": known["caught"], "name": "google-oauth2"}
    return reverse(name, kwargs={each: values[each] for each in re.findall(r"<(?:\w+:)?(\w+)>", named()[name])})


@contextmanager
def noting_writes() -> Iterator[list[str]]:
    found: list[str] = []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if WRITES.match(sql) or "FOR UPDATE" in sql:
            found.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


@contextmanager
def read_only() -> Iterator[None]:
    on, off = (
        ("PRAGMA query_only = on", "PRAGMA query_only = off")
        if connection.vendor == "sqlite"
        else ("SET default_transaction_read_only = on", "SET default_transaction_read_only = off")
    )
    with connection.cursor() as cursor:
        cursor.execute(on)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(off)


def age_everything() -> None:
    """As after an hour: what is noted at most once a minute is due to be noted."""
    BrowserSession.objects.update(seen_at=timezone.now() - timedelta(hours=1))


def test_no_page_writes(reader: Client, addresses: Addresses) -> None:
    writing = {}
    for name, paths in addresses.items():
        for path in paths:
            with noting_writes() as found:
                reader.get(path)
            if found and not (name in TRYING_THE_LOCK and found == ["BEGIN IMMEDIATE"]):
                writing[name] = found
    assert writing == {}


def test_every_page_opens_on_a_read_only_database(reader: Client, addresses: Addresses) -> None:
    reader.raise_request_exception = False
    age_everything()
    with read_only():
        broken = {path for paths in addresses.values() for path in paths if reader.get(path).status_code >= 500}
    # The monitor's address says so with its 503.
    assert broken == {reverse("readyz")}


@pytest.mark.parametrize("path", ["/api/v1/notifications", "/api/v1/openapi.json"])
def test_the_api_reads_from_a_read_only_database(ada: object, client: Client, path: str) -> None:
    _, secret = ApiToken.issue("tests", [Scope.READ])
    with read_only():
        answer = client.get(path, headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 200


class TestAMissingRow:
    @pytest.fixture(autouse=True)
    def _gone(self, transactional_db: None) -> None:
        for model in Singleton.__subclasses__():
            model._base_manager.all().delete()

    def test_reads_as_the_defaults_and_stays_missing(self) -> None:
        assert [model.load().pk for model in Singleton.__subclasses__()] == [1] * len(Singleton.__subclasses__())
        assert not Safety.objects.exists()

    def test_is_made_by_the_first_save(self) -> None:
        saved = MailServerSettings.load()
        saved.save_version({"basic_host": "mail.contoso.test"}, seen=0)
        assert MailServerSettings.objects.get().basic_host == "mail.contoso.test"

    def test_no_page_misses_it(self, reader: Client) -> None:
        for page in ("dashboard", "mail-server", "safety", "health", "notifications", "deliveries"):
            assert reader.get(reverse(page)).status_code == 200


@pytest.mark.django_db
def test_every_row_is_there_after_the_migrations() -> None:
    assert all(model._base_manager.filter(pk=1).exists() for model in Singleton.__subclasses__())


@pytest.mark.django_db
def test_a_second_first_row_replaces_the_first() -> None:
    Safety.objects.create(paused=True)
    Safety(reroute_to="ops@contoso.test").save()
    assert (Safety.load().paused, Safety.load().reroute_to) == (False, "ops@contoso.test")
