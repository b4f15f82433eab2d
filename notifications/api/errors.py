"""Every error of the API in one shape: {"error": {"code", "message", "fields"?}}."""

import logging
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError
from pydantic import ConfigDict

from notifications.database_faults import fault_of
from notifications.intake.accept import Conflict
from notifications.intake.refusals import InvalidReport, Refusal
from notifications.intake.strict_json import InvalidJson
from notifications.intake.token_limits import SourceNotAllowed, TooManyReports

logger = logging.getLogger(__name__)

BUSY_SECONDS = 5
EXAMPLE: dict[str, Any] = {
    "code": "invalid_report",
    "message": "The report does not fit: targets[3].outcome is missing.",
    "fields": [{"field": "targets[3].outcome", "message": "is missing"}],
}


class FieldError(Schema):
    field: str
    message: str


class ErrorDetails(Schema):
    code: str
    message: str
    fields: list[FieldError] = []


class ErrorBody(Schema):
    """Any error; `fields` names those that do not fit."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"error": EXAMPLE}]})

    error: ErrorDetails


@dataclass
class ApiError(Exception):
    """An answer other than the wanted one; `message` is a sentence for the author of the calling script."""

    status: int
    code: str
    message: str
    headers: dict[str, str] = field(default_factory=dict)
    fields: list[Refusal] = field(default_factory=list)

    @property
    def response(self) -> HttpResponse:
        error = {"code": self.code, "message": self.message}
        fields = {"fields": [asdict(refusal) for refusal in self.fields]} if self.fields else {}
        return JsonResponse({"error": error | fields}, status=self.status, headers=self.headers)


def install(api: NinjaAPI) -> None:
    """Have `api` answer every error in our shape, ninja's own included."""
    for kind in (Exception, Http404, HttpError, ValidationError):
        api.add_exception_handler(kind, answer)


def answer(request: HttpRequest, error: object) -> HttpResponse:
    known = error if isinstance(error, ApiError) else translated(error)
    if known.status >= 500:
        logger.error("%s %s ended with %s", request.method, request.path, known.status, exc_info=True)
    return known.response


def translated(error: object) -> ApiError:
    match error:
        case InvalidJson():
            return ApiError(400, "invalid_json", str(error))
        case InvalidReport():
            end = "" if str(error).endswith("?") else "."
            return ApiError(422, "invalid_report", f"The report does not fit: {error}{end}", fields=error.refusals)
        case Conflict():
            return ApiError(409, "conflict", str(error))
        case SourceNotAllowed():
            return ApiError(403, "source_not_allowed", str(error))
        case TooManyReports():
            return ApiError(429, "too_many_reports", str(error), {"Retry-After": str(error.wait)})
        case Http404():
            return ApiError(404, "not_found", "There is nothing here. /api/v1/docs lists what is.")
        case Error() if fault := fault_of(error):
            message = f"{fault.cause}, so nothing was stored. Send the same again later."
            return ApiError(503, "unavailable", message, {"Retry-After": str(BUSY_SECONDS)})
        case _:
            return ApiError(500, "internal", "This is a fault of ours; it was logged. Nothing was stored.")
