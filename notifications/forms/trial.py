"""On which completion a notification is tried, and where a try is sent to."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from notifications.addresses import parse_address
from notifications.emails.samples import Sample, samples
from notifications.forms.fields import LineField
from notifications.models import Completion, Outcome
from notifications.templatetags.panel import distance

RECENT = 50
NAME_SHOWN = 60
DEFAULT_SAMPLE = "failed"


class ExampleField(LineField):
    """A completion by its UUID, or a sample by its name; gives a Sample either way."""

    widget = forms.Select

    def clean(self, value: Any) -> Any:
        text = str(super().clean(value))
        if found := samples().get(text):
            return found
        try:
            completion = Completion.objects.filter(uuid=UUID(text)).first()
        except ValueError:
            completion = None
        if completion is None:
            raise ValidationError("This completion is no longer there. Choose another one.")
        return Sample(completion.name, completion, list(completion.targets.all()))


class TrialForm(forms.Form):
    example = ExampleField(label="On this completion", error_messages={"required": "Choose a completion."})
    test_to = LineField(
        label="Send it to",
        max_length=400,
        error_messages={"required": "Enter the address that it goes to."},
        widget=forms.EmailInput(attrs={"autocomplete": "email", "data-enter": "send-to-me"}),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **options})
        self.recent = list(recent_completions())
        self.fields["example"].widget.choices = [("Recent completions", self._recent_choices()), *sample_choices()]

    def _recent_choices(self) -> list[tuple[str, str]]:
        """The chosen one stays offered, however old it is."""
        known = {str(each.uuid): described(each) for each in self.recent}
        chosen = str(self["example"].value() or "")
        if chosen and chosen not in known and chosen not in samples():
            known[chosen] = "The one chosen before"
        return list(known.items())

    def clean_test_to(self) -> str:
        try:
            return str(parse_address(self.cleaned_data["test_to"]))
        except ValueError as error:
            raise ValidationError(str(error)) from error


def recent_completions() -> QuerySet[Completion]:
    """Newest first."""
    return Completion.objects.order_by("-id")[:RECENT]


def first_example(kind: str) -> str:
    """What a page starts with: the newest completion that the notification could be about, or a sample."""
    newest = Completion.objects.filter(kind=kind).order_by("-id").values_list("uuid", flat=True).first()
    return str(newest or DEFAULT_SAMPLE)


def sample_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    return [("Samples", [(name, sample.label) for name, sample in samples().items()])]


def described(completion: Completion) -> str:
    name = completion.name if len(completion.name) <= NAME_SHOWN else f"{completion.name[: NAME_SHOWN - 1]}…"
    return f"{name} · {Outcome(completion.outcome).label} · {distance(completion.received_at)}"
