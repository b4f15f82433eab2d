"""What an administrator decides after a restore."""

from typing import Any

from django import forms

from notifications.delivery.restore_decision import Choice, Decision

MOST_HOURS = 24 * 366


class RestoreDecisionForm(forms.Form):
    choice = forms.ChoiceField(
        choices=Choice.choices,
        widget=forms.RadioSelect,
        label="Emails that may have been sent already",
        error_messages={"required": "Choose what happens to these emails."},
    )
    hours = forms.IntegerField(
        label="Recent: up to this many hours old",
        min_value=1,
        max_value=MOST_HOURS,
        required=False,
        initial=24,
        help_text="Used by the first choice. An email is as old as the job it reports.",
    )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if values.get("choice") == Choice.YOUNGER and values.get("hours") is None and "hours" not in self.errors:
            self.add_error("hours", "Enter a number of hours.")
        return values

    @property
    def decision(self) -> Decision:
        """Of a valid form."""
        return Decision(Choice(self.cleaned_data["choice"]), self.cleaned_data["hours"] or 0)
