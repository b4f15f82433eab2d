"""What keeps a notification from mailing too much: a digest, or a throttle."""

from typing import Any, cast

from django import forms

from notifications.forms.fields import ClockField, OneOfField, WholeNumberField
from notifications.models import Day, Digest

A_DAY = 24 * 60
LIMIT_FIELDS = ("digest", "digest_minutes", "digest_at", "digest_day", "throttle_count", "throttle_minutes")
# What each digest cannot do without. What it has no use for may stand there: a page keeps what it does not show.
NEEDS = {
    Digest.MINUTES: {"digest_minutes": "Say how many minutes."},
    Digest.HOURLY: {},
    Digest.DAILY: {"digest_at": "Say at what time."},
    Digest.WEEKLY: {"digest_day": "Say on which day.", "digest_at": "Say at what time."},
}


class LimitsPart(forms.Form):
    digest = OneOfField(
        choices=[("", "A mail for each completion"), *Digest.choices],
        required=False,
        label="How often",
        widget=forms.RadioSelect,
    )
    digest_minutes = WholeNumberField(min_value=1, max_value=A_DAY, label="Minutes", help_text="Counted from midnight.")
    digest_at = ClockField(required=False, label="At")
    digest_day = OneOfField(choices=[("", "—"), *Day.choices], required=False, label="On")
    throttle_count = WholeNumberField(
        min_value=1, max_value=10_000, label="At most … mails", help_text="What is more is told of in one mail."
    )
    throttle_minutes = WholeNumberField(min_value=1, max_value=7 * A_DAY, label="In … minutes")

    def clean(self) -> dict[str, Any]:
        cleaned = cast(dict[str, Any], super().clean())
        digest = cleaned.get("digest")
        for name, sentence in (NEEDS[Digest(digest)] if digest else {}).items():
            if name in cleaned and not cleaned[name] and name not in self.errors:
                self.add_error(name, sentence)
        self._check_throttle(cleaned)
        return cleaned

    def _check_throttle(self, cleaned: dict[str, Any]) -> None:
        count, minutes = cleaned.get("throttle_count"), cleaned.get("throttle_minutes")
        if count and not minutes and "throttle_minutes" in cleaned:
            self.add_error("throttle_minutes", "Say in how many minutes, or leave both empty for no limit.")
        if minutes and not count and "throttle_count" in cleaned:
            self.add_error("throttle_count", "Say how many mails, or leave both empty for no limit.")
        if cleaned.get("digest") and (count or minutes):
            field = "throttle_count" if count else "throttle_minutes"
            self.add_error(field, "A digest already makes one mail of many. Leave this empty, or choose no digest.")
