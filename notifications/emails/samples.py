"""Completions that never happened, to try templates on and to show what variables look like."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from notifications.models import Completion, Outcome, TargetResult

NOBODYS = UUID("00000000-0000-4000-8000-000000000000")
START = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
FAILED = {
    "PC-007": "Exit code 1603: fatal error during installation",
    "PC-003": "Not reachable: no answer within 30 s",
    "PC-011": "Exit code 1618: another installation is in progress",
}


@dataclass(frozen=True)
class Sample:
    """Nothing in it is stored."""

    label: str
    completion: Completion
    targets: Sequence[TargetResult]


def samples() -> dict[str, Sample]:
    """By a name for forms."""
    failed = [target(name, Outcome.FAILED, detail, 12.5) for name, detail in FAILED.items()]
    cancelled = [target("PC-012", Outcome.CANCELLED, "Switched off", None)]
    fine = [target(f"PC-{number:03}", Outcome.SUCCESS, "", 8.0 + number) for number in range(14, 22)]
    half = [target("PC-005", Outcome.PARTIAL, "Installed; the shortcut could not be made", 20.0)]
    return {
        "failed": Sample("Failed, the third time in a row", told(Outcome.FAILED, 12, 2), failed + cancelled + fine),
        "partial": Sample("Partly failed", told(Outcome.PARTIAL, 5, 0), half + failed[:1] + fine),
        "success": Sample("Success", told(Outcome.SUCCESS, 4, 0), fine),
        "recovered": Sample("Success after three failures", told(Outcome.SUCCESS, 4, 3), fine),
        "cancelled": Sample("Cancelled", told(Outcome.CANCELLED, 1, 0), cancelled),
    }


def told(outcome: Outcome, minutes: int, failures_before: int) -> Completion:
    completion = Completion(
        uuid=NOBODYS,
        kind=Completion.Kind.DEPLOYMENT,
        source="PDQ Deploy",
        external_id="12345",
        name="7-Zip 24.08 to Lab",
        package="7-Zip",
        version="24.08",
        schedule="Nightly updates",
        outcome=outcome,
        started_at=START,
        finished_at=START + timedelta(minutes=minutes),
        received_at=START + timedelta(minutes=minutes),
        user=r"CORP\deploy-svc",
        url="https://tool.example.com/12345",
        failures_before=failures_before,
    )
    completion.usual_seconds = 240.0
    return completion


def target(name: str, outcome: Outcome, detail: str, seconds: float | None) -> TargetResult:
    return TargetResult(name=name, outcome=outcome, detail=detail, seconds=seconds)
