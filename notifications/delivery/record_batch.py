"""Recording a batch in one transaction with a handful of statements, for emails that were simply accepted."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import Model
from django.utils import timezone

from notifications.backends.base import Reply
from notifications.delivery.batch import Sent
from notifications.delivery.record import record, report_of
from notifications.models import Attempt, MailServerState, Message, Recipient

logger = logging.getLogger(__name__)


def record_all(sent: Sequence[Sent]) -> None:
    """Write down what happened, in the order in which it did.

    What is recorded already is left as it is. Raises OperationalError and InterfaceError where the database is away.
    """
    plain = [each for each in sent if each.is_plain]
    if plain:
        record_plain(plain)
    for each in sent:
        if not each.is_plain:
            record(each.attempt, each.result)


def record_plain(sent: Sequence[Sent]) -> None:
    try:
        record_accepted(sent)
    except (OperationalError, InterfaceError):
        raise
    except DatabaseError:
        logger.exception("the database refused the record of %s emails; recording each by itself", len(sent))
        for each in sent:
            record(each.attempt, each.result)


@transaction.atomic
def record_accepted(sent: Sequence[Sent]) -> None:
    """The same as `record` for each, whose statements Django would build anew for every email."""
    # State first, as everywhere, so that transactions cannot wait for each other.
    state = MailServerState.lock()
    ids = [each.attempt.pk for each in sent]
    active = set(Attempt.objects.filter(pk__in=ids, finished_at=None).values_list("pk", flat=True))
    for each in sent:
        if each.attempt.pk not in active:
            logger.warning("email %s: the attempt was closed before its result was known", each.claimed.message.uuid)
    ours = [each for each in sent if each.attempt.pk in active]
    now = timezone.now()
    finish_attempts(ours, now)
    accept_recipients(ours, now)
    Message.objects.filter(pk__in=[each.claimed.message.pk for each in ours]).update(
        state=Message.State.SENT, finished_at=now, draft_server=None
    )
    for version in sorted({each.attempt.settings_version for each in ours}):
        state.accept(version)


def finish_attempts(sent: Sequence[Sent], now: datetime) -> None:
    rows = []
    for each in sent:
        columns = {
            **report_of(each.result, []).columns,
            "outcome": Attempt.Outcome.ACCEPTED,
            "started_at": each.attempt.started_at,
            "finished_at": now,
        }
        rows.append((each.attempt.pk, columns))
    update_rows(Attempt, rows)


def accept_recipients(sent: Sequence[Sent], now: datetime) -> None:
    single = []
    for each in sent:
        for reply, recipients in by_reply(each):
            columns = {
                "outcome": Recipient.Outcome.ACCEPTED,
                "code": reply.codes,
                "text": reply.text,
                "changed_at": now,
            }
            if len(recipients) == 1:
                single.append((recipients[0].pk, columns))
            else:
                Recipient.objects.filter(pk__in=[recipient.pk for recipient in recipients]).update(**columns)
    update_rows(Recipient, single)


def by_reply(sent: Sent) -> Iterable[tuple[Reply, list[Recipient]]]:
    """The recipients of this attempt, grouped by what the server replied for them."""
    groups: dict[tuple[str, str], tuple[Reply, list[Recipient]]] = {}
    for recipient in sent.claimed.message.recipients.all():
        if recipient.outcome in Recipient.OPEN:
            reply = sent.result.results[recipient.address].reply
            groups.setdefault((reply.codes, reply.text), (reply, []))[1].append(recipient)
    return groups.values()


def update_rows(model: type[Model], rows: Sequence[tuple[int, dict[str, Any]]]) -> None:
    """Set the same columns of many rows, each to its own values, by one prepared statement."""
    if not rows:
        return
    fields = [field for field in model._meta.concrete_fields if field.name in rows[0][1]]
    quote = connection.ops.quote_name
    columns = ", ".join(f"{quote(str(field.column))} = %s" for field in fields)
    statement = f"UPDATE {quote(model._meta.db_table)} SET {columns} WHERE id = %s"  # noqa: S608  # names of our own
    values = [[*(field.get_db_prep_save(given[field.name], connection) for field in fields), pk] for pk, given in rows]
    with connection.cursor() as cursor:
        cursor.executemany(statement, values)
