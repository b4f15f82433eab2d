"""Reports > Completions: what the tools reported, and the mails that it made."""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Case, Count, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from notifications.downloads import Columns, csv_download
from notifications.forms.completion import CompletionForm
from notifications.forms.filters import CompletionFilter
from notifications.intake.accept import Accepted, Conflict, accept
from notifications.intake.links import web_address
from notifications.models import AuditEvent, Completion, Message, Notification, Outcome, ReportConflict, TargetResult
from notifications.paging import paginate
from notifications.snapshot import snapshot
from notifications.views.examples import curl_line
from notifications.views.exports import export_of
from notifications.views.verdicts import entries_of, judged

TARGETS_SHOWN = 200
MAILS_SHOWN = 100
VERDICTS_SHOWN = 50
FAILURES_FIRST = (Outcome.FAILED, Outcome.PARTIAL, Outcome.CANCELLED, Outcome.SUCCESS)
COLUMNS: Columns = {
    "Received": lambda completion: completion.received_at,
    "Reported by": lambda completion: completion.reported_by,
    "Kind": lambda completion: completion.get_kind_display(),
    "Name": lambda completion: completion.name,
    "Outcome": lambda completion: completion.get_outcome_display(),
    "Package": lambda completion: completion.package,
    "Version": lambda completion: completion.version,
    "Schedule": lambda completion: completion.schedule,
    "Source": lambda completion: completion.source,
    "Id at the source": lambda completion: completion.external_id,
    "User": lambda completion: completion.user,
    "Started": lambda completion: completion.started_at,
    "Finished": lambda completion: completion.finished_at,
    "Targets": lambda completion: completion.target_count,
    "Address": lambda completion: completion.url,
    "Id": lambda completion: completion.uuid,
}

Counts = list[tuple[str, str]]


@require_safe
@snapshot()
def completions(request: HttpRequest) -> HttpResponse:
    form = CompletionFilter(request.GET)
    page = paginate(form.apply(with_target_count(Completion.objects.all())), request.GET)
    mails = mail_counts(page.rows)
    rows = [(completion, mails[completion.pk]) for completion in page.rows]
    context = {"form": form, "page": page, "rows": rows, "curl": curl_line()}
    return render(request, "completions/list.html", context | {"has_conflicts": ReportConflict.objects.exists()})


@export_of("completions", CompletionFilter)
def export(form: CompletionFilter) -> HttpResponseBase:
    return csv_download("completions", COLUMNS, form.apply(with_target_count(Completion.objects.all())))


@require_safe
@snapshot()
def completion(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found = get_object_or_404(Completion, uuid=uuid)
    targets = Paginator(failures_first(found.targets.all()), TARGETS_SHOWN).get_page(request.GET.get("page"))
    mails = found.messages.defer("content", "draft_server").select_related("notification").order_by("-id")[:MAILS_SHOWN]
    judgements = judged(found)
    reasons = [each for each in judgements if each.is_news]
    context = {
        "completion": found,
        "entries": list(entries_of(found).values()),
        "judged": reasons[:VERDICTS_SHOWN],
        "more_verdicts": max(0, len(reasons) - VERDICTS_SHOWN),
        "counts": outcome_counts(found),
        "targets": targets,
        "mails": mails,
        "seconds": seconds_between(found.started_at, found.finished_at),
        # What came in before links were repaired may not be one.
        "link": web_address(found.url, len(found.url) * 3)[0],
        "conflicts": found.conflicts.select_related("completion", "message").order_by("-last_at"),
        "rules": sum(is_about(each.verdict.notification, found) for each in judgements),
    }
    return render(request, "completions/detail.html", context)


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    form = CompletionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            accepted = by_hand(request, form)
        except Conflict as conflict:
            form.add_error("id", str(conflict))
        else:
            made, mails = "Reported" if accepted.created else "Reported before", len(accepted.messages)
            messages.success(request, f"{made}: {mails} mail{'' if mails == 1 else 's'}.")
            return redirect("completion", accepted.completion.uuid)
    return render(request, "completions/new.html", {"form": form, "curl": curl_line()})


@transaction.atomic
def by_hand(request: HttpRequest, form: CompletionForm) -> Accepted:
    """Raises Conflict, which is not kept on record: who typed it is told at once."""
    accepted = accept(form.report, by=request.user)
    if accepted.created:
        AuditEvent.record(AuditEvent.Action.COMPLETION_REPORTED, accepted.completion.name, by=request.user)
    return accepted


def seconds_between(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start).total_seconds() if start and end else None


def is_about(notification: Notification, completion: Completion) -> bool:
    return notification.enabled and notification.kind == completion.kind


def with_target_count(rows: QuerySet[Completion]) -> QuerySet[Completion]:
    """By the last position: one step in the index, also for 20,000 targets."""
    last = TargetResult.objects.filter(completion=OuterRef("pk")).order_by("-position")
    return rows.annotate(target_count=Coalesce(Subquery(last.values("position")[:1]) + 1, 0))


def mail_counts(completions: list[Completion]) -> dict[int, Counts]:
    """Of each completion: the states of its mails, and in words how many are in each."""
    counted = (
        Message.objects.filter(completion__in=completions).values("completion", "state").annotate(count=Count("pk"))
    )
    found: dict[int, Counts] = defaultdict(list)
    for row in counted.order_by("completion", "state"):
        found[row["completion"]].append((row["state"], f"{row['count']:,} {Message.State(row['state']).label.lower()}"))
    return found


def failures_first(targets: QuerySet[TargetResult]) -> QuerySet[TargetResult]:
    rank = Case(
        *(When(outcome=outcome, then=Value(place)) for place, outcome in enumerate(FAILURES_FIRST)),
        output_field=IntegerField(),
    )
    return targets.order_by(rank, "position")


def outcome_counts(completion: Completion) -> Counts:
    counted = dict(completion.targets.order_by().values_list("outcome").annotate(Count("pk")))
    return [
        (outcome, f"{counted[outcome]:,} {outcome.label.lower()}") for outcome in FAILURES_FIRST if outcome in counted
    ]
