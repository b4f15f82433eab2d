"""A report under the source and id of another one is refused, and kept on record with what differs."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice, zip_longest
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from notifications.intake.conflict_alert import send_alert
from notifications.intake.report import CompletionReport, TargetReport
from notifications.models import Completion, ReportConflict, TargetResult
from notifications.models.audit import storable

MOST_DIFFERENCES = 20
LONGEST = 200
FIELDS = ("name", "kind", "outcome", "package", "version", "schedule", "started_at", "finished_at", "user", "url")

Difference = dict[str, str]


def record(completion: Completion, report: CompletionReport, by: Any, reported_by: str) -> None:
    """Keep that `report` came although `completion` has its source and id; alert whom the token names."""
    digest = report.digest
    if ReportConflict.again(completion, digest):
        return
    now = timezone.now()
    conflict = ReportConflict(
        completion=completion,
        digest=digest,
        reported_by=storable(reported_by, 300),
        differences=[*islice(differences(completion, report), MOST_DIFFERENCES)],
        first_at=now,
        last_at=now,
    )
    try:
        with transaction.atomic():
            conflict.save()
            send_alert(conflict, report, by)
    except IntegrityError:
        # The same report came twice at the same moment.
        ReportConflict.again(completion, digest)


def differences(completion: Completion, report: CompletionReport) -> Iterator[Difference]:
    sent: dict[str, Any] = {name: getattr(report, name) for name in FIELDS} | {"outcome": report.settled_outcome}
    for name in FIELDS:
        yield from difference(name, getattr(completion, name), sent[name])
    yield from target_differences([*completion.targets.all()], report.targets or [])


def target_differences(stored: list[TargetResult], sent: list[TargetReport]) -> Iterator[Difference]:
    yield from difference("targets", f"{len(stored):,}", f"{len(sent):,}")
    for place, (before, after) in enumerate(zip_longest(stored, sent)):
        yield from difference(f"targets[{place}]", target_in_words(before), target_in_words(after))


def difference(field: str, stored: object, sent: object) -> Iterator[Difference]:
    before, after = in_words(stored), in_words(sent)
    if before != after:
        yield {"field": field, "stored": before[:LONGEST], "sent": after[:LONGEST]}


def target_in_words(target: TargetResult | TargetReport | None) -> str:
    if target is None:
        return ""
    seconds = "" if target.seconds is None else f"{target.seconds:g} s"
    return ", ".join(filter(None, (target.name, target.outcome, seconds, target.detail)))


def in_words(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value or "")
