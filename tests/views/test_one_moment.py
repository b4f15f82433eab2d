"""Pages that are read while a worker commits between any two of their queries."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from notifications.bulk import jobs
from notifications.models import Attempt, AttemptReport, BulkJob, MailServerState, Message, OAuthGrant, Safety
from tests.base import a_completion, a_message, a_notification, begin_attempt, use_smtp

pytestmark = pytest.mark.django_db(transaction=True)
POLL = {"HX-Request": "true"}
ABOUT_EMAIL = re.compile(r'FROM "notifications_(message|attempt|recipient|mailserverstate|bulkjob|completion)"')
# What differs between two readings of the same rows.
VOLATILE = re.compile(r'name="csrfmiddlewaretoken" value="\w+"|"X-CSRFToken": "\w+"|\d+(\.\d+)? (s|ms|GB)\b')


@pytest.fixture
def message(page: Client) -> Message:
    """On its way: a worker has it, and no reply is stored yet."""
    use_smtp(host="127.0.0.1", port=1)
    completion = a_completion()
    message = a_message("ann@example.com", "bob@example.com", completion=completion, notification=a_notification())
    begin_attempt(message, mode="basic", settings_version=1, worker="host:1")
    hours_ago = timezone.now() - timedelta(hours=3)
    Message.objects.update(created_at=hours_ago)
    Attempt.objects.update(started_at=hours_ago)
    for singleton in (MailServerState, Safety, OAuthGrant):
        singleton.load()
    return message


@pytest.fixture
def path(request: pytest.FixtureRequest, message: Message) -> str:
    name = request.param
    if name == "test-email":
        Message.objects.update(kind=Message.Kind.TEST)
    arguments = {"test-email": message.uuid, "delivery": message.uuid, "bulk-job": None}
    if message.completion and name == "completion":
        return reverse(name, args=[message.completion.uuid])
    if name == "bulk-job":
        return reverse(name, args=[a_finished_job(message).uuid])
    return reverse(name, args=[arguments[name]] if name in arguments else [])


def a_finished_job(message: Message) -> BulkJob:
    job = BulkJob(kind=BulkJob.Kind.RESEND)
    jobs.begin(job, Message.objects.filter(pk=message.pk))
    BulkJob.objects.update(finished_at=timezone.now() - timedelta(hours=1))
    return job


def accept() -> None:
    """As a worker does it: in one transaction."""
    with transaction.atomic():
        for message in Message.objects.all():
            attempt = message.attempts.get()
            attempt.finish(Attempt.Outcome.ACCEPTED, AttemptReport(code="250 2.0.0", text="Ok"))
            message.recipients.update(outcome="accepted", code="250 2.0.0", text="Ok", changed_at=timezone.now())
            message.settle()


def take_back() -> None:
    Attempt.objects.update(finished_at=None, outcome="", code="", text="")
    for message in Message.objects.all():
        message.recipients.update(outcome="pending", code="", text="", changed_at=None)
    Message.objects.update(state=Message.State.SENDING, finished_at=None)


def in_another_connection(act: Callable[[], None]) -> None:
    def run() -> None:
        act()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


@contextmanager
def after_query(number: int, act: Callable[[], None]) -> Iterator[list[str]]:
    """Commit `act` elsewhere after the `number`th query about email; gives the queries."""
    queries: list[str] = []

    def wrapper(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if ABOUT_EMAIL.search(sql):
            queries.append(sql)
            if len(queries) == number:
                in_another_connection(act)
        return result

    with connection.execute_wrapper(wrapper):
        yield queries


def body(page: Client, path: str) -> str:
    response = page.get(path, headers=POLL)
    assert response.status_code == 200
    return VOLATILE.sub("", response.content.decode())


@pytest.mark.parametrize(
    "path",
    [
        "test-email",
        "delivery",
        "deliveries",
        "bulk-job",
        "dashboard",
        "health",
        "mail-state",
        "mail-server",
        "completion",
    ],
    indirect=True,
)
def test_a_page_shows_one_moment(page: Client, path: str) -> None:
    with after_query(0, accept) as queries:
        before = body(page, path)
    assert queries
    for number in range(1, len(queries) + 1):
        with after_query(number, accept):
            shown = body(page, path)
        assert shown == before, queries[number - 1]
        take_back()


def test_an_accepted_test_email_never_looks_failed(page: Client, message: Message) -> None:
    Message.objects.update(kind=Message.Kind.TEST)
    for number in (1, 2):
        with after_query(number, accept):
            shown = body(page, reverse("test-email", args=[message.uuid]))
        # It asks again, and then shows what came of it.
        assert "data-poll" in shown
        assert 'data-tone="failed"' not in shown
        take_back()


def test_a_recipient_in_a_file_stands_beside_the_state_of_the_same_moment(page: Client, message: Message) -> None:
    accepted_beside_sending = []
    for number in range(1, 6):
        with after_query(number, accept):
            response = page.get(reverse("deliveries-recipients-csv"))
            rows = b"".join(response.streaming_content).decode().splitlines()[1:]
        accepted_beside_sending += [row for row in rows if "Accepted" in row and "Sending" in row]
        take_back()
    assert not accepted_beside_sending
