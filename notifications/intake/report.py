"""What a deployment tool tells us, checked."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Self

from django.db.models import Model
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from notifications.intake import strict_json
from notifications.intake.refusals import InvalidReport, Place
from notifications.intake.values import filled_line, many_lines, moment, one_line, web_address, wrong
from notifications.models import Completion, Outcome, TargetResult

MAX_TARGETS = 20_000
MAX_SECONDS = 1e9
# For the schema, in ECMA's dialect: one character at least that is neither white nor a control; and a web address
# or nothing, between any number of these.
NOT_BLANK = r"[^\s\u0000-\u001f\u007f-\u009f]"
WEB_ADDRESS = r"^[\s\u0000-\u001f\u007f-\u009f]*([hH][tT][tT][pP][sS]?://\S+)?[\s\u0000-\u001f\u007f-\u009f]*$"
EXAMPLE: dict[str, Any] = {
    "kind": "deployment",
    "source": "pdq",
    "id": "12345",
    "name": "7-Zip 24.08 to Lab",
    "package": "7-Zip",
    "version": "24.08",
    "schedule": None,
    "outcome": "failed",
    "started_at": "2026-11-22T10:00:00Z",
    "finished_at": "2026-11-22T10:04:00Z",
    "user": "CORP\\deploy-svc",
    "url": "https://tool.example.com/12345",
    "targets": [{"name": "PC-001", "outcome": "failed", "detail": "exit code 1603", "seconds": 12.5}],
}

Moment = Annotated[datetime, BeforeValidator(moment)]


def column(model: type[Model], name: str) -> int:
    """How many characters the column takes."""
    length = getattr(model._meta.get_field(name), "max_length", None)
    if not length:
        raise TypeError(f"{name} has no limit")
    return int(length)


def required(model: type[Model], name: str) -> Any:
    return Field(min_length=1, max_length=column(model, name), json_schema_extra={"pattern": NOT_BLANK})


def optional(model: type[Model], name: str) -> Any:
    return Field(default=None, max_length=column(model, name))


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class TargetReport(Strict):
    """How it went on one target."""

    name: str = required(TargetResult, "name")
    outcome: Outcome = Field(strict=False)
    detail: str | None = Field(default=None, description="May have several lines.")
    seconds: float | None = Field(default=None, ge=0, le=MAX_SECONDS, allow_inf_nan=False)

    @field_validator("name")
    @classmethod
    def _name(cls, value: str) -> str:
        return filled_line(value)

    @field_validator("detail")
    @classmethod
    def _detail(cls, value: str | None) -> str | None:
        return many_lines(value or "") or None


class CompletionReport(Strict):
    """A completed deployment or schedule. `source` and `id` together name it for good."""

    kind: Completion.Kind = Field(strict=False)
    source: str = required(Completion, "source")
    id: str = required(Completion, "external_id")
    name: str = required(Completion, "name")
    package: str | None = optional(Completion, "package")
    version: str | None = optional(Completion, "version")
    schedule: str | None = optional(Completion, "schedule")
    outcome: Outcome | None = Field(default=None, strict=False, description="Follows from the targets when left out.")
    started_at: Moment | None = Field(default=None, description="As RFC 3339 has it, such as 2026-11-22T10:00:00Z.")
    finished_at: Moment | None = Field(default=None, description="Not before `started_at`.")
    user: str | None = optional(Completion, "user")
    url: str | None = Field(
        default=None, max_length=column(Completion, "url"), json_schema_extra={"pattern": WEB_ADDRESS}
    )
    # One faulty target is enough to say: 20,000 of them would make a very long answer.
    targets: list[TargetReport] | None = Field(default=None, max_length=MAX_TARGETS, fail_fast=True)

    @field_validator("source", "id", "name")
    @classmethod
    def _required(cls, value: str) -> str:
        return filled_line(value)

    @field_validator("package", "version", "schedule", "user")
    @classmethod
    def _optional(cls, value: str | None) -> str | None:
        return one_line(value or "") or None

    @field_validator("url")
    @classmethod
    def _url(cls, value: str | None) -> str | None:
        return web_address(value or "") or None

    @field_validator("finished_at")
    @classmethod
    def _finished_at(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        started_at = info.data.get("started_at")
        if value and started_at and value < started_at:
            raise wrong("must not lie before started_at")
        return value

    @model_validator(mode="after")
    def _outcome(self) -> Self:
        if not self.outcome and not self.targets:
            raise wrong("must be given when there are no targets that it could follow from", field="outcome")
        return self

    @property
    def settled_outcome(self) -> Outcome:
        """What was said, or what the targets add up to."""
        if self.outcome:
            return self.outcome
        outcomes = {target.outcome for target in self.targets or []}
        return outcomes.pop() if len(outcomes) == 1 else Outcome.PARTIAL

    @property
    def digest(self) -> str:
        """SHA-256 of the normal form: the same however keys were ordered, times zoned and blanks written."""
        content = self.model_dump(mode="json", exclude_none=True)
        content |= {"outcome": self.settled_outcome, "targets": content.get("targets", [])}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def read(raw: bytes) -> CompletionReport:
    """The report that these bytes hold. Raises InvalidJson or InvalidReport."""
    content = strict_json.loads(raw)
    try:
        return CompletionReport.model_validate(content)
    except ValidationError as error:
        raise InvalidReport(error, fields_beside) from None


def fields_beside(place: Place) -> Iterable[str]:
    """Those of the whole report, or of one of its targets."""
    return (TargetReport if len(place) > 1 else CompletionReport).model_fields
