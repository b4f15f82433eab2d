"""Which completions a notification is about, and at which hours it mails."""

from typing import Any, cast

from django import forms
from django.conf import settings

from notifications.forms.fields import ClockField, GlobField, OneOfField, SomeOfField, WholeNumberField, ZoneField
from notifications.models import Day, History, Outcome, OutsideHours

A_YEAR = 366 * 24 * 60
MOST_TARGETS = 1_000_000
MOST_IN_A_ROW = 10_000
FAILURES = {Outcome.FAILED, Outcome.PARTIAL}
# What each word of the history is about.
OUTCOMES_OF = {History.FIRST_FAILURE: FAILURES, History.STILL_FAILING: FAILURES, History.RECOVERED: {Outcome.SUCCESS}}
GLOBS = ("name", "package", "version", "schedule", "source", "user", "target")
WHEN_FIELDS = (
    *("outcomes", "history", "still_failing_every", "min_failed_percent", "min_failed_targets", "longer_than_minutes"),
    *(f"{what}_glob" for what in GLOBS),
    *("days", "hours_from", "hours_until", "time_zone", "outside_hours"),
)


def glob_field(label: str, help_text: str = "") -> GlobField:
    return GlobField(max_length=300, required=False, label=label, help_text=help_text)


class WhenPart(forms.Form):
    outcomes = SomeOfField(choices=Outcome.choices, required=False, help_text="None ticked: any outcome.")
    history = SomeOfField(
        choices=History.choices,
        required=False,
        help_text="Compared with the job's last report. A job is known by source, schedule and package, or, without a "
        "package, by its name. None ticked: any.",
    )
    still_failing_every = WholeNumberField(
        min_value=1,
        max_value=MOST_IN_A_ROW,
        initial=1,
        label="Every n-th further failure",
        help_text="Of the failures in a row after the first; 1 for each.",
    )
    min_failed_percent = WholeNumberField(min_value=1, max_value=100, label="At least % of the targets failed")
    min_failed_targets = WholeNumberField(
        min_value=1, max_value=MOST_TARGETS, label="At least n targets failed", help_text="With both, either is enough."
    )
    longer_than_minutes = WholeNumberField(min_value=1, max_value=A_YEAR, label="Took longer than minutes")
    name_glob = glob_field("Name")
    package_glob = glob_field("Package")
    version_glob = glob_field("Version")
    schedule_glob = glob_field("Schedule")
    source_glob = glob_field("Source")
    user_glob = glob_field("User")
    target_glob = glob_field("Target", "Holds when one of the targets is named so.")
    days = SomeOfField(choices=Day.choices, required=False, help_text="None ticked: every day.")
    hours_from = ClockField(required=False, label="From", help_text="Blank: the whole day.")
    hours_until = ClockField(
        required=False, label="Until", help_text="Earlier than From: until that time on the next day."
    )
    time_zone = ZoneField(required=False)
    outside_hours = OneOfField(
        choices=OutsideHours.choices,
        required=False,
        initial=OutsideHours.WAIT,
        label="Outside these hours",
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["time_zone"].help_text = f"For hours and digests. Blank: {settings.TIME_ZONE}."

    def clean(self) -> dict[str, Any]:
        cleaned = cast(dict[str, Any], super().clean())
        for name, default in (("still_failing_every", 1), ("outside_hours", OutsideHours.WAIT)):
            if name in cleaned:
                cleaned[name] = cleaned[name] or default
        self._check_hours(cleaned)
        self._check_history(cleaned)
        return cleaned

    def _check_hours(self, cleaned: dict[str, Any]) -> None:
        begin, end = cleaned.get("hours_from"), cleaned.get("hours_until")
        if begin and not end and "hours_until" in cleaned:
            self.add_error("hours_until", "Say until when, too; or leave both empty for the whole day.")
        if end and not begin and "hours_from" in cleaned:
            self.add_error("hours_from", "Say from when, too; or leave both empty for the whole day.")
        if begin and begin == end:
            self.add_error("hours_until", "This is the same as From. Leave both empty for the whole day.")

    def _check_history(self, cleaned: dict[str, Any]) -> None:
        """A rule that can never fire is found now, not after the first night without mail."""
        wanted, outcomes = cleaned.get("history"), set(cleaned.get("outcomes") or Outcome)
        if wanted and not any(OUTCOMES_OF[History(each)] & outcomes for each in wanted):
            words = " or ".join(History(each).label.lower() for each in wanted)
            self.add_error("history", f"None of the ticked outcomes can be a “{words}”, so no mail would ever be made.")
