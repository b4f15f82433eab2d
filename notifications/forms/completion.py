"""A completion reported by hand: the same report as the API's, typed."""

import secrets
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from django.utils import timezone
from pydantic import ValidationError

from notifications.forms.fields import PROBLEMS_SHOWN, the_first
from notifications.intake.refusals import InvalidReport
from notifications.intake.repairs import Repairs, repaired_target
from notifications.intake.report import CompletionReport, TargetReport, understood
from notifications.models import Completion, Outcome

TEXT_LIMIT = 1_000_000
EXAMPLE = "PC-001 success\nPC-002 failed exit code 1603"


def fresh_id() -> str:
    return f"{timezone.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


class ReportedText(forms.CharField):
    """Text as it was typed or pasted: what is odd about it, the report's own rules repair."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.validators = [each for each in self.validators if not isinstance(each, ProhibitNullCharactersValidator)]


class CompletionForm(forms.Form):
    """Gives a CompletionReport as `report` after is_valid(); the report's own rules decide."""

    kind = forms.ChoiceField(choices=Completion.Kind.choices, initial=Completion.Kind.DEPLOYMENT)
    name = ReportedText()
    source = ReportedText(initial="manual", help_text="The tool that reports.")
    id = ReportedText(
        initial=fresh_id,
        label="ID",
        help_text="Unique in its source: a second report under it is refused.",
    )
    package = ReportedText(required=False)
    version = ReportedText(required=False)
    schedule = ReportedText(required=False)
    outcome = forms.ChoiceField(
        choices=[("", "As the targets add up"), *Outcome.choices], required=False, help_text="Needed without targets."
    )
    targets = ReportedText(
        max_length=TEXT_LIMIT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "placeholder": EXAMPLE, "spellcheck": "false", "class": "mono"}),
        help_text="One on each line: NAME OUTCOME DETAIL. Outcomes are success, partial, failed and cancelled.",
    )
    report: CompletionReport

    def clean(self) -> dict[str, Any]:
        content = {name: value for name, value in self.cleaned_data.items() if value and name != "targets"}
        if not self.errors:
            lines = numbered_lines(self.cleaned_data["targets"])
            if problems := the_first([*islice(line_problems(lines), PROBLEMS_SHOWN + 1)]):
                self.add_error("targets", [*problems])
            else:
                self._read(content | {"targets": [target_of(line) for _, line in lines]})
        return self.cleaned_data

    def _read(self, content: dict[str, Any]) -> None:
        try:
            self.report = understood(content, Repairs())
        except InvalidReport as error:
            for refusal in error.refusals:
                name = refusal.field if refusal.field in self.fields else None
                self.add_error(name, f"This {refusal.message}.")


def numbered_lines(text: str) -> list[tuple[int, str]]:
    return [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]


def line_problems(lines: Iterable[tuple[int, str]]) -> Iterator[str]:
    for number, line in lines:
        try:
            TargetReport.model_validate(repaired_target(target_of(line), 0, Repairs()))
        except ValidationError as error:
            for refusal in InvalidReport(error).refusals:
                yield f"Line {number}: the {refusal.field} {refusal.message}."


def target_of(line: str) -> dict[str, str]:
    words = line.split(maxsplit=2) + ["", ""]
    return {"name": words[0], "outcome": words[1].lower(), "detail": words[2]}
