"""A report becomes rows: what happened, and the mails that are owed for it."""

import logging
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from notifications import origin
from notifications.delivery import outbox
from notifications.digests.collect import held_back
from notifications.emails.mail import Mail
from notifications.emails.notification_email import notification_mail
from notifications.intake import conflicts
from notifications.intake.makeshift import makeshift_mail
from notifications.intake.report import CompletionReport
from notifications.intake.token_limits import allowed_link, count_report, refuse_source, token_of
from notifications.matching import matching_notifications, opens_at
from notifications.models import Completion, Message, Notification, Series, TargetResult
from notifications.models.audit import name_of, storable

logger = logging.getLogger(__name__)


class Conflict(Exception):
    """Another report came under the same source and id."""


@dataclass(frozen=True)
class Accepted:
    """`created` is False when the same report had been accepted before."""

    completion: Completion
    messages: list[Message]
    created: bool

    @property
    def answer(self) -> dict[str, Any]:
        messages = [str(message.uuid) for message in self.messages]
        return {"id": str(self.completion.uuid), "messages": messages, "warnings": self.completion.warnings}


def accept(report: CompletionReport, by: Any = None, tries: int = 3) -> Accepted:
    """Store the report and the emails that are owed for it, or find them stored already.

    `by` is a user or an API token, whose limits hold; without, it is whichever command runs. Raises Conflict, which is
    on record unless the caller's transaction is rolled back, SourceNotAllowed and TooManyReports.

    Once this returns, and the caller's transaction if there is one has ended, no email of it can be lost.
    """
    token = token_of(by)
    if token:
        refuse_source(token, report.source)
    known = Completion.objects.filter(source=report.source, external_id=report.id).first()
    if known:
        return _accepted_before(known, report, by)
    try:
        with transaction.atomic():
            if token:
                count_report(token)
            return _store(report, by)
    except IntegrityError:
        # Either the same report won a race, which the next look finds, or a notification was just deleted.
        if tries == 1:
            raise
        return accept(report, by, tries - 1)


def _accepted_before(completion: Completion, report: CompletionReport, by: Any) -> Accepted:
    if completion.digest != report.digest:
        conflicts.record(completion, report, by, reporter(by))
        raise Conflict(
            f"The completion {report.id} of {report.source} was reported before, with other content. "
            "Report each completion under an id of its own."
        )
    owed = completion.messages.filter(kind=Message.Kind.NOTIFICATION, resend_of=None).order_by("id")
    return Accepted(completion, list(owed), created=False)


def reporter(by: Any) -> str:
    return name_of(by) or origin.current()


def _store(report: CompletionReport, by: Any) -> Accepted:
    # Locked from here to the end of the transaction: the next of its job sees this one's outcome, or waits for it.
    series = Series.lock(report.source, report.kind, report.package or "", report.schedule or "", report.name)
    url, warnings = allowed_link(token_of(by), report)
    completion = Completion.objects.create(
        **_columns(report),
        url=url,
        warnings=warnings,
        reported_by=storable(reporter(by), 300),
        series=series,
        failures_before=series.add(report.settled_outcome),
    )
    targets = _store_targets(report, completion)
    owed = [_owe(notification, completion, targets) for notification in matching_notifications(completion)]
    return Accepted(completion, [message for message in owed if message], created=True)


def _columns(report: CompletionReport) -> dict[str, Any]:
    texts = {name: getattr(report, name) or "" for name in ("package", "version", "schedule", "user")}
    return texts | {
        "kind": report.kind,
        "source": report.source,
        "external_id": report.id,
        "name": report.name,
        "outcome": report.settled_outcome,
        "started_at": report.started_at,
        "finished_at": report.finished_at,
        "digest": report.digest,
    }


def _store_targets(report: CompletionReport, completion: Completion) -> list[TargetResult]:
    targets = [
        TargetResult(
            completion=completion,
            position=position,
            name=target.name,
            outcome=target.outcome,
            detail=target.detail or "",
            seconds=target.seconds,
        )
        for position, target in enumerate(report.targets or [])
    ]
    return TargetResult.objects.bulk_create(targets, batch_size=1000)


def _owe(notification: Notification, completion: Completion, targets: list[TargetResult]) -> Message | None:
    """Composed now and, outside the notification's hours, queued until they begin; None where a digest will tell."""
    if held_back(notification, completion, completion.received_at):
        return None
    mail = _compose(notification, completion, targets)
    opening = opens_at(notification, completion.received_at)
    return outbox.put(
        mail,
        Message.Kind.NOTIFICATION,
        completion=completion,
        notification=notification,
        **({"not_before": opening, "next_attempt_at": opening} if opening else {}),
    )


def _compose(notification: Notification, completion: Completion, targets: list[TargetResult]) -> Mail:
    now = timezone.now()
    try:
        mail = notification_mail(notification, completion, targets, now)
    except DatabaseError:
        raise
    except Exception as error:
        # Whatever breaks a mail's looks, the mail itself must go out.
        logger.exception("the mail of notification %s could not be written as designed", notification.pk)
        return makeshift_mail(notification, completion, error, now)
    notification.remember_template_error(mail.template_error)
    return mail
