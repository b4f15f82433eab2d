"""Completions in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import P, PathEx, Router, Schema, Status
from pydantic import ConfigDict

from notifications.api.auth import ApiTokenAuth, bearer
from notifications.api.body import json_body
from notifications.api.errors import ErrorBody
from notifications.intake.accept import accept
from notifications.intake.report import EXAMPLE, CompletionReport, TargetReport, read
from notifications.models import Completion, Message, Outcome, Scope, TargetResult

router = Router(tags=["completions"])

REPORT_BODY = {
    "required": True,
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/CompletionReport"}, "example": EXAMPLE}},
}


CompletionId = PathEx[UUID, P(description="The `id` that the answer to the report gave.")]
ANSWER: dict[str, Any] = {
    "id": "1f3f031f-cbf2-43e0-bc11-18228184a229",
    "messages": ["e4799aa6-06f6-40f8-9967-cd65d746b7a9"],
    "warnings": [{"field": "finished_at", "message": "is before started_at and was left out"}],
}


class ReportWarning(Schema):
    """What was odd about a field of the report, and was repaired or left out; `message` continues the field's name."""

    field: str
    message: str


class AcceptedCompletion(Schema):
    """The completion's ID, those of the emails that it set off, and what was repaired in the report."""

    model_config = ConfigDict(json_schema_extra={"examples": [ANSWER]})

    id: UUID
    messages: list[UUID]
    warnings: list[ReportWarning]


class StoredCompletion(AcceptedCompletion):
    """A completion as it was understood."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [ANSWER | {"received_at": "2026-11-22T10:04:01Z", "report": EXAMPLE}]}
    )

    received_at: datetime
    report: CompletionReport


@router.post(
    "/completions",
    operation_id="report_completion",
    summary="Report a completion",
    auth=ApiTokenAuth(Scope.REPORT),
    response={202: AcceptedCompletion, (400, 401, 403, 409, 411, 413, 415, 422, 429, 503): ErrorBody},
    openapi_extra={"requestBody": REPORT_BODY},
)
def report_completion(request: HttpRequest) -> Status[dict[str, Any]]:
    """A completed deployment or schedule. Answered once it is stored together with the emails that it sets off.

    The same report under the same `source` and `id` gets the same answer again, so it is safe to repeat after a
    time-out; another report under them gets 409. What is odd about a report, such as a name that is too long, is
    repaired or left out, and listed under `warnings`.
    """
    return Status(202, accept(read(json_body(request)), by=bearer(request)).answer)


@router.get(
    "/completions/{uuid:completion_id}",
    operation_id="get_completion",
    summary="Read a completion",
    auth=ApiTokenAuth(Scope.READ),
    response={200: StoredCompletion, (401, 403, 404, 429, 503): ErrorBody},
)
def get_completion(request: HttpRequest, completion_id: CompletionId) -> StoredCompletion:
    """The report as it was understood, and the emails that it set off."""
    completion = get_object_or_404(Completion, uuid=completion_id)
    emails = completion.messages.exclude(kind=Message.Kind.ALERT)
    return StoredCompletion(
        id=completion.uuid,
        messages=list(emails.order_by("id").values_list("uuid", flat=True)),
        warnings=completion.warnings,
        received_at=completion.received_at,
        report=reported(completion),
    )


def reported(completion: Completion) -> CompletionReport:
    # Stored values were checked when they came; checking 20,000 targets again would only take time.
    return CompletionReport.model_construct(
        kind=Completion.Kind(completion.kind),
        source=completion.source,
        id=completion.external_id,
        name=completion.name,
        package=completion.package or None,
        version=completion.version or None,
        schedule=completion.schedule or None,
        outcome=Outcome(completion.outcome),
        started_at=completion.started_at,
        finished_at=completion.finished_at,
        user=completion.user or None,
        url=completion.url or None,
        targets=[reported_target(target) for target in completion.targets.all()],
    )


def reported_target(target: TargetResult) -> TargetReport:
    return TargetReport.model_construct(
        name=target.name, outcome=Outcome(target.outcome), detail=target.detail or None, seconds=target.seconds
    )
