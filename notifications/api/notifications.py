"""Notifications, as the page and the configuration file have them: the same fields, the same checks."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import P, PathEx, Router, Schema, Status
from pydantic import ConfigDict

from notifications.api.auth import ApiTokenAuth, bearer
from notifications.api.body import json_body
from notifications.api.errors import ApiError, ErrorBody
from notifications.api.schemas import Clock, as_form_field, clock, limited, one_of, some_of
from notifications.digests.tell import retire
from notifications.emails import language
from notifications.forms.notification import NAME_LIMIT, NotificationForm
from notifications.forms.notification_who import RECIPIENT_LIMIT, REPLY_TO_LIMIT
from notifications.intake import strict_json
from notifications.intake.refusals import MAX_REFUSALS, Refusal
from notifications.intake.report import NOT_BLANK
from notifications.models import (
    Completion,
    Day,
    Digest,
    History,
    Notification,
    Outcome,
    OutsideHours,
    Scope,
    StaleVersion,
)
from notifications.versions import version_in

router = Router(tags=["notifications"])
NotificationId = PathEx[int, P(description="The `id` of the notification.")]
EXAMPLE: dict[str, Any] = {
    "name": "Tell operations of failures",
    "kind": "deployment",
    "outcomes": ["failed", "partial"],
    "package_glob": "Fire*",
    "to": ["Operations <ops@example.com>"],
}
BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/NotificationFields"}, "example": EXAMPLE}
    },
}


IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "example": '"3"',
    "description": "The `version` that was read, in quotes.",
}


def as_typed(name: str, default: Any = None) -> Any:
    return as_form_field(NotificationForm.base_fields[name], default)


def template(field: language.Field) -> Any:
    return limited("", maxLength=language.LIMITS[field].source)


def recipients(limit: int) -> Any:
    return limited(
        [], maxItems=limit, items={"type": "string", "minLength": 1}, examples=[["Operations <ops@example.com>"]]
    )


class NotificationFields(Schema):
    """A notification; what is left out is the default."""

    model_config = ConfigDict(json_schema_extra={"additionalProperties": False, "examples": [EXAMPLE]})

    name: str = limited(minLength=1, maxLength=NAME_LIMIT, pattern=NOT_BLANK)
    kind: str = one_of(Completion.Kind, default="deployment")
    enabled: bool = True
    outcomes: list[str] = some_of(Outcome)
    history: list[str] = some_of(History)
    still_failing_every: int = as_typed("still_failing_every", 1)
    min_failed_percent: int | None = as_typed("min_failed_percent")
    min_failed_targets: int | None = as_typed("min_failed_targets")
    longer_than_minutes: int | None = as_typed("longer_than_minutes")
    name_glob: str = as_typed("name_glob", "")
    package_glob: str = as_typed("package_glob", "")
    version_glob: str = as_typed("version_glob", "")
    schedule_glob: str = as_typed("schedule_glob", "")
    source_glob: str = as_typed("source_glob", "")
    user_glob: str = as_typed("user_glob", "")
    target_glob: str = as_typed("target_glob", "")
    days: list[str] = some_of(Day)
    hours_from: Clock = clock()
    hours_until: Clock = clock()
    time_zone: str = as_typed("time_zone", "")
    outside_hours: str = one_of(OutsideHours, default="wait")
    to: list[str] = recipients(RECIPIENT_LIMIT)
    cc: list[str] = recipients(RECIPIENT_LIMIT)
    bcc: list[str] = recipients(RECIPIENT_LIMIT)
    reply_to: list[str] = recipients(REPLY_TO_LIMIT)
    subject_template: str = template(language.Field.SUBJECT)
    text_template: str = template(language.Field.TEXT)
    html_template: str = template(language.Field.HTML)
    attach_csv: bool = False
    attach_html: bool = False
    digest: str = one_of(Digest, "", default="")
    digest_minutes: int | None = as_typed("digest_minutes")
    digest_at: Clock = clock()
    digest_day: str = one_of(Day, "", default="")
    throttle_count: int | None = as_typed("throttle_count")
    throttle_minutes: int | None = as_typed("throttle_minutes")


class StoredNotification(Schema):
    """`version` grows with every change. `template_error` says why the last email went out in the default form."""

    id: int
    version: int
    changed_at: datetime
    template_error: str
    notification: NotificationFields

    @staticmethod
    def resolve_notification(row: Notification) -> Notification:
        return row


@router.get(
    "/notifications",
    operation_id="list_notifications",
    summary="List the notifications",
    auth=ApiTokenAuth(Scope.READ),
    response={200: list[StoredNotification], (401, 403, 429, 503): ErrorBody},
)
def list_notifications(request: HttpRequest) -> list[Notification]:
    """All of them, by name."""
    return list(Notification.objects.order_by("name"))


@router.post(
    "/notifications",
    operation_id="create_notification",
    summary="Add a notification",
    auth=ApiTokenAuth(Scope.MANAGE),
    response={201: StoredNotification, (400, 401, 403, 411, 413, 415, 422, 429, 503): ErrorBody},
    openapi_extra={"requestBody": BODY},
)
def create_notification(request: HttpRequest) -> Status[Notification]:
    """With the same checks as the page. A name that is taken gets 422."""
    return Status(201, saved(request, None))


@router.get(
    "/notifications/{int:notification_id}",
    operation_id="get_notification",
    summary="Read a notification",
    auth=ApiTokenAuth(Scope.READ),
    response={200: StoredNotification, (401, 403, 404, 429, 503): ErrorBody},
)
def get_notification(request: HttpRequest, notification_id: NotificationId) -> Notification:
    """With its version, which PUT takes as `If-Match`."""
    return get_object_or_404(Notification, pk=notification_id)


@router.put(
    "/notifications/{int:notification_id}",
    operation_id="replace_notification",
    summary="Replace a notification",
    auth=ApiTokenAuth(Scope.MANAGE),
    response={200: StoredNotification, (400, 401, 403, 404, 411, 412, 413, 415, 422, 429, 503): ErrorBody},
    openapi_extra={"requestBody": BODY, "parameters": [IF_MATCH]},
)
def replace_notification(request: HttpRequest, notification_id: NotificationId) -> Notification:
    """Whole: what the body leaves out becomes the default again.

    With the header `If-Match: "VERSION"` only while it is still that version; 412 says that somebody changed it since.
    """
    return saved(request, get_object_or_404(Notification, pk=notification_id))


@router.delete(
    "/notifications/{int:notification_id}",
    operation_id="delete_notification",
    summary="Delete a notification",
    auth=ApiTokenAuth(Scope.MANAGE),
    response={204: None, (401, 403, 404, 429, 503): ErrorBody},
)
def delete_notification(request: HttpRequest, notification_id: NotificationId) -> Status[None]:
    """Its mails stay on record; what it had collected is mailed first."""
    retire(get_object_or_404(Notification, pk=notification_id), by=bearer(request))
    return Status(204, None)


def saved(request: HttpRequest, instance: Notification | None) -> Notification:
    """Raises ApiError with 422 for what does not fit, and 412 for what was made from an older version."""
    form = NotificationForm.of(fields_in(request), instance=instance)
    if not form.is_valid():
        raise unfit([Refusal(field, str(text)) for field, texts in form.errors.items() for text in texts])
    try:
        with transaction.atomic():
            return form.store(by=bearer(request), seen=wanted_version(request) if instance else None)
    except StaleVersion as error:
        message = "Somebody changed it since that version. Read it again, and send yours with the new one."
        raise ApiError(412, "changed_meanwhile", message) from error
    except IntegrityError as error:
        # The same name came in by another door meanwhile.
        raise unfit([Refusal("name", "A notification with this name already exists. Choose another one.")]) from error


def wanted_version(request: HttpRequest) -> int | None:
    """Of the header If-Match; one that can be none matches none."""
    text = request.headers.get("If-Match", "*").strip().strip('"')
    if text == "*":
        return None
    known = version_in(text)
    return -1 if known is None else known


def fields_in(request: HttpRequest) -> Mapping[str, Any]:
    body = strict_json.loads(json_body(request))
    if not isinstance(body, dict):
        raise ApiError(422, "invalid_notification", "Send a JSON object.")
    known = NotificationForm.Meta.fields
    if unknown := sorted(set(body) - set(known)):
        raise unfit([Refusal.of_unknown(name, name, known) for name in unknown[:MAX_REFUSALS]])
    return body


def unfit(refusals: list[Refusal]) -> ApiError:
    said = "; ".join(f"{refusal.field}: {refusal.message}" for refusal in refusals[:5])
    return ApiError(422, "invalid_notification", f"The notification does not fit: {said}", fields=refusals)
