"""The values behind the variables: plain text, numbers and lists, each cleaned as a mail needs it."""

from collections.abc import Iterable
from typing import Any

from notifications.addresses import FORBIDDEN
from notifications.emails.filters import Moment
from notifications.emails.headers import one_line
from notifications.emails.looks import LOOKS
from notifications.emails.rows import ROWS_LIMIT, failures_first
from notifications.emails.shares import counted_failures
from notifications.emails.summary import Summary
from notifications.emails.words import moment, seconds
from notifications.models import Notification, Outcome, TargetResult

DETAIL_LIMIT = 1000


class Item(dict[str, str]):
    """A target; on its own it reads as its name."""

    def __str__(self) -> str:
        return self["name"]


def template_values(notification: Notification, summary: Summary) -> dict[str, Any]:
    """One for each of `variables.VARIABLES`."""
    told, number = summary.completion, summary.number
    failed = counted_failures(number)
    return {
        **{
            name: one_line(getattr(told, name)) for name in ("name", "package", "version", "schedule", "source", "user")
        },
        "outcome": summary.look.word,
        "kind": told.get_kind_display(),
        "id": one_line(told.external_id),
        "url": summary.tool_link,
        "panel_url": summary.panel_link,
        "started": Moment.of(moment(told.started_at), told.started_at),
        "finished": Moment.of(moment(told.finished_at), told.finished_at),
        "duration": summary.took,
        "duration_seconds": round(told.seconds or 0),
        "usual_duration": summary.usually,
        "usual_seconds": round(told.usual_seconds or 0),
        "total": summary.total,
        "failed": failed,
        "succeeded": number[Outcome.SUCCESS],
        "cancelled": number[Outcome.CANCELLED],
        "failed_percent": percent(failed, summary.total),
        "counts": summary.counts,
        "failures_before": told.failures_before,
        "history": summary.history,
        "notification": one_line(notification.name),
        **target_values(summary.targets),
    }


def target_values(targets: Iterable[TargetResult]) -> dict[str, Any]:
    ordered = failures_first(targets)
    listed = [item(target) for target in ordered[:ROWS_LIMIT]]
    failures = [each for each, target in zip(listed, ordered, strict=False) if Outcome(target.outcome).is_failure]
    return {"targets": listed, "failures": failures, "more_targets": len(ordered) - len(listed)}


def item(target: TargetResult) -> Item:
    return Item(
        name=one_line(target.name),
        outcome=LOOKS[Outcome(target.outcome)].word,
        detail=lines(target.detail, DETAIL_LIMIT),
        duration=seconds(target.seconds),
    )


def percent(part: int, whole: int) -> int:
    """Rounded, but 0 only when it is none, and 100 only when it is all."""
    if part in (0, whole):
        return 100 if part else 0
    return min(99, max(1, round(part * 100 / whole)))


def lines(text: str, limit: int) -> str:
    """Without controls, its line ends kept."""
    text = text.replace("\r\n", "\n")
    kept = "\n".join(FORBIDDEN.sub(" ", line) for line in text[:limit].split("\n"))
    return kept if len(text) <= limit else f"{kept[: limit - 1].rstrip()}…"
