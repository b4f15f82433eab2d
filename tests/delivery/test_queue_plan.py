"""What a claim costs does not grow with the queue: the planner of each database reads an index and sorts nothing."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications.delivery.claim import is_any_due, next_due
from notifications.models import Message

pytestmark = pytest.mark.django_db

# So many that no planner would rather read the whole table.
ROWS = 20_000


@pytest.fixture
def long_queue() -> None:
    """Mostly queued and due, a tenth sent, in one statement for each thousand."""
    now = timezone.now()
    for start in range(0, ROWS, 1000):
        Message.objects.bulk_create(
            Message(
                kind=Message.Kind.NOTIFICATION,
                subject="7-Zip failed",
                internet_message_id=f"<{number}@contoso.test>",
                content=b"",
                state=Message.State.SENT if number % 10 == 0 else Message.State.QUEUED,
                next_attempt_at=now - timedelta(seconds=ROWS - number),
            )
            for number in range(start, start + 1000)
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE notifications_message")


def plans(context: CaptureQueriesContext) -> list[str]:
    """Of each statement that looks for due emails."""
    found = []
    with connection.cursor() as cursor:
        for query in context.captured_queries:
            if "next_attempt_at" in query["sql"] and query["sql"].startswith("SELECT"):
                cursor.execute(EXPLAIN[connection.vendor] + query["sql"])
                found.append(json.dumps(cursor.fetchall()))
    return found


EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}


@pytest.mark.parametrize(
    "look",
    [
        lambda: is_any_due(timezone.now()),
        lambda: next_due(timezone.now(), 50),
        lambda: next_due(timezone.now(), kind=Message.Kind.TEST),
    ],
    ids=["whether any is due", "the next fifty", "the next test"],
)
def test_look_for_due_emails_reads_an_index(long_queue: None, look: Any) -> None:
    with CaptureQueriesContext(connection) as context:
        look()
    (plan, *_) = plans(context)
    assert "message_queue" in plan
    assert "TEMP B-TREE" not in plan
    assert "Sort" not in plan
    assert "Seq Scan" not in plan
