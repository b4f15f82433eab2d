"""What a list can be narrowed to, read from the address of its page."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from unicodedata import normalize
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.forms import BoundField

from notifications.addresses import parse_address
from notifications.forms.fields import LineField
from notifications.models import AuditEvent, BulkJob, BulkResult, Completion, Message, Notification, Outcome, Recipient
from notifications.models.audit import NOBODY

NOTIFICATIONS_OFFERED = 200
EARLIEST, LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
WAITING = "waiting"


def refuse_absurd_time(moment: datetime) -> None:
    # The year 1 in a zone east of Greenwich has no UTC time, and the database would say so with an OverflowError.
    if not EARLIEST < moment < LATEST:
        raise ValidationError("Choose a time between 1970 and 2200.")


class MomentField(forms.DateTimeField):
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    default_validators = [refuse_absurd_time]


class FilterForm(forms.Form):
    """Bound to request.GET. What cannot be read is told at its field, and then nothing is listed: a wrong list would
    pass for a right one."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"label_suffix": "", **options})
        for field in self.fields.values():
            field.required = False

    def clean(self) -> dict[str, Any]:
        since, until = self.value("since"), self.value("until")
        if since and until and since >= until:
            self.add_error("until", f"Nothing lies between the two: choose a time after “{self['since'].label}”.")
        return self.cleaned_data

    @property
    def narrowing(self) -> Iterable[str]:
        """The names of the fields that narrow."""
        return self.fields

    @property
    def is_narrowed(self) -> bool:
        return any(self.data.get(name) for name in self.narrowing)

    def value(self, name: str) -> Any:
        return self.cleaned_data.get(name)

    @property
    def words(self) -> str:
        """What it narrows to, as a sentence's part: `State: Failed, Subject: fire`."""
        told = (self[name] for name in self.narrowing if self.data.get(name))
        return ", ".join(f"{field.label}: {shown(field, self.data[field.name])}" for field in told)


def shown(field: BoundField, value: str) -> str:
    choices = {str(key): str(label) for key, label in getattr(field.field.widget, "choices", ())}
    return choices.get(value, value)


class DeliveryFilter(FilterForm):
    text = LineField(max_length=200, label="Subject")
    recipient = LineField(max_length=320)
    state = forms.ChoiceField(choices=[("", "Any"), (WAITING, "Queued or sending"), *Message.State.choices])
    kind = forms.ChoiceField(choices=[("", "Any"), *Message.Kind.choices])
    notification = forms.IntegerField(min_value=1, max_value=2**63 - 1, widget=forms.Select)
    since = MomentField(label="Made since")
    until = MomentField(label="Made before")
    job = forms.UUIDField(label="Job", widget=forms.Select)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Known from a job's page alone: nobody would choose from all jobs there were.
        if self.data.get("job"):
            self.fields["job"].widget.choices = [("", "Any"), *job_choices(self.data["job"])]
        else:
            del self.fields["job"]
        names = Notification.objects.values_list("id", "name").order_by("name")[:NOTIFICATIONS_OFFERED]
        self.fields["notification"].widget.choices = [("", "Any"), *names]

    def apply(self, messages: QuerySet[Message]) -> QuerySet[Message]:
        if not self.is_valid():
            return messages.none()
        conditions = Q()
        for name in ("kind", "notification"):
            if self.value(name):
                conditions &= Q(**{name: self.value(name)})
        if state := self.value("state"):
            conditions &= Q(state__in=Message.OPEN) if state == WAITING else Q(state=state)
        if recipient := self.value("recipient"):
            conditions &= has_recipient(recipient)
        if job := self.value("job"):
            conditions &= Q(pk__in=BulkResult.objects.filter(job__uuid=job).values("message"))
        if text := self.value("text"):
            # Not by an index: a subject may be longer than PostgreSQL lets one hold. Newest first, so that what is
            # common is found within a few pages.
            conditions &= contains(text, "subject")
        if self.value("since") or self.value("until"):
            conditions &= between(Message, "created_at", self.value("since"), self.value("until"))
        return messages.filter(conditions)


def job_choices(text: str) -> list[tuple[str, str]]:
    try:
        return [(str(job.uuid), str(job)) for job in BulkJob.objects.filter(uuid=UUID(text))]
    except ValueError:
        return []


def has_recipient(text: str) -> Q:
    """A whole address finds that one by its index, or without one in another case; a part finds what contains it."""
    try:
        address = parse_address(text).address
    except ValueError:
        found = Recipient.objects.filter(address__icontains=text)
    else:
        found = Recipient.objects.filter(address__in={address, address.lower()})
        found = found if found.exists() else Recipient.objects.filter(address__iexact=address)
    return Q(pk__in=found.values("message"))


def contains(text: str, *columns: str) -> Q:
    """Any of `columns` has it, with accented letters as one character or as two."""
    spellings = {text, normalize("NFC", text), normalize("NFD", text)}
    return Q(*((f"{column}__icontains", each) for column in columns for each in spellings), _connector=Q.OR)


def between(model: type[Model], column: str, since: datetime | None, until: datetime | None) -> Q:
    """By the keys: SQLite would walk from the newest row on and read each on its way: 4 s over 400,000 mails."""
    limits = {f"{column}__gte": since, f"{column}__lt": until}
    found = model._default_manager.filter(**{lookup: limit for lookup, limit in limits.items() if limit})
    return Q(pk__in=found.values("pk"))


class CompletionFilter(FilterForm):
    text = LineField(max_length=200, label="Search")
    kind = forms.ChoiceField(choices=[("", "Any"), *Completion.Kind.choices])
    outcome = forms.ChoiceField(choices=[("", "Any"), *Outcome.choices])
    source = LineField(max_length=100)
    since = MomentField(label="Received since")
    until = MomentField(label="Received before")

    def apply(self, completions: QuerySet[Completion]) -> QuerySet[Completion]:
        if not self.is_valid():
            return completions.none()
        exact = {name: self.value(name) for name in ("kind", "outcome", "source") if self.value(name)}
        completions = completions.filter(**exact)
        if text := self.value("text"):
            completions = completions.filter(contains(text, "name", "package", "version", "schedule", "external_id"))
        if self.value("since") or self.value("until"):
            completions = completions.filter(
                between(Completion, "received_at", self.value("since"), self.value("until"))
            )
        return completions


class AuditFilter(FilterForm):
    action = forms.ChoiceField(choices=[("", "Anything"), *AuditEvent.Action.choices], label="What")
    who = LineField(max_length=300)
    text = LineField(max_length=200, label="About")
    since = MomentField()
    until = MomentField(label="Before")

    def apply(self, events: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
        if not self.is_valid():
            return events.none()
        if who := self.value("who"):
            events = events.filter(was(who))
        if self.value("since") or self.value("until"):
            events = events.filter(between(AuditEvent, "at", self.value("since"), self.value("until")))
        if action := self.value("action"):
            events = events.filter(action=action)
        return events.filter(contains(self.value("text"), "subject")) if self.value("text") else events


def was(text: str) -> Q:
    """Whose name contains it, as the page shows it: it has words for nobody's."""
    return Q(actor_name__icontains=text) | (Q(actor_name="") if text.lower() in NOBODY else Q())


class NotificationFilter(FilterForm):
    text = LineField(max_length=200, label="Search")

    def apply(self, notifications: QuerySet[Notification]) -> QuerySet[Notification]:
        if not self.is_valid():
            return notifications.none()
        return notifications.filter(contains(self.value("text"), "name")) if self.value("text") else notifications
