"""What a deployment tool tells us, checked."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

from django.db.models import Model
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from notifications.intake import strict_json
from notifications.intake.json_schema import keywords
from notifications.intake.refusals import InvalidReport, Place
from notifications.intake.repairs import MAX_SECONDS, Repairs, column, repaired
from notifications.intake.values import wrong
from notifications.models import Completion, Outcome, TargetResult

MAX_TARGETS = 20_000
# For the schema, in ECMA's dialect: one character at least that is neither white nor a control.
NOT_BLANK = r"[^\s\u0000-\u001f\u007f-\u009f]"
WEB_ADDRESS = r"^[hH][tT][tT][pP][sS]?://"
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


class CompletionReport(Strict):
    """A completed deployment or schedule. `source` and `id` together identify it permanently."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    kind: Completion.Kind = Field(strict=False)
    source: str = required(Completion, "source")
    id: str = required(Completion, "external_id")
    name: str = required(Completion, "name")
    package: str | None = optional(Completion, "package")
    version: str | None = optional(Completion, "version")
    schedule: str | None = optional(Completion, "schedule")
    outcome: Outcome | None = Field(default=None, strict=False, description="Follows from the targets when left out.")
    started_at: datetime | None = Field(default=None, description="With a zone, as RFC 3339 writes it.")
    finished_at: datetime | None = Field(default=None, description="Not before `started_at`.")
    user: str | None = optional(Completion, "user")
    url: str | None = Field(
        default=None,
        max_length=column(Completion, "url"),
        json_schema_extra=keywords(format="iri", pattern=WEB_ADDRESS),
    )
    # One faulty target is enough to say: 20,000 of them would make a very long answer.
    targets: list[TargetReport] | None = Field(default=None, max_length=MAX_TARGETS, fail_fast=True)

    _warnings: list[dict[str, str]] = PrivateAttr(default_factory=list)

    @model_validator(mode="after")
    def _outcome(self) -> Self:
        if not self.outcome and not self.targets:
            raise wrong("must be given when there are no targets that it could follow from", field="outcome")
        return self

    @property
    def warnings(self) -> list[dict[str, str]]:
        """What was repaired or left out: `field` and `message` of each."""
        return self._warnings

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
    """The report that these bytes hold, with what is odd about it repaired. Raises InvalidJson or InvalidReport."""
    repairs = Repairs()
    if encoding := strict_json.byte_order_mark(raw):
        repairs.add("report", f"begins with a byte order mark and was read as {encoding}")
    return understood(strict_json.loads(raw), repairs)


def understood(content: Any, repairs: Repairs) -> CompletionReport:
    """The report that this content is. Raises InvalidReport."""
    try:
        report = CompletionReport.model_validate(repaired(content, repairs))
    except ValidationError as error:
        raise InvalidReport(error, fields_beside) from None
    report._warnings = repairs.warnings
    return report


def fields_beside(place: Place) -> Iterable[str]:
    """Those of the whole report, or of one of its targets."""
    return (TargetReport if len(place) > 1 else CompletionReport).model_fields
