"""Which mails a bulk job is about: the ticked ones, or all that the list's filter matches."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet

from notifications.bulk.jobs import eligible
from notifications.forms.filters import DeliveryFilter
from notifications.models import BulkJob, Message

MOST_TICKED = 1000
SUBJECTS_NAMED = 3


class TickedField(forms.Field):
    widget = forms.MultipleHiddenInput

    def to_python(self, value: Any) -> list[int]:
        given = value or []
        if len(given) > MOST_TICKED or not all(key.isascii() and key.isdigit() and len(key) < 19 for key in given):
            raise ValidationError("These are no mails of the list.")
        return [int(key) for key in given]


class BulkJobForm(DeliveryFilter):
    """Bound to the question's address, and to what its answer posts: `counted` and `newest` are of the question."""

    do = forms.ChoiceField(choices=BulkJob.Kind.choices, label="What")
    mail = TickedField()
    # Said in so many words: nothing ticked is never taken for all.
    all = forms.BooleanField()
    uuid = forms.UUIDField()
    counted = forms.IntegerField(min_value=0, max_value=2**31 - 1)
    # No mail that was made since is part of it, as many others may have left meanwhile.
    newest = forms.IntegerField(min_value=0, max_value=2**63 - 1)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["do"].required = True

    @property
    def narrowing(self) -> Iterable[str]:
        return DeliveryFilter.base_fields

    @property
    def picked(self) -> QuerySet[Message]:
        """Of a valid form: the mails that were pointed at."""
        messages = Message.objects.defer("content", "draft_server")
        if self.value("newest") is not None:
            messages = messages.filter(pk__lte=self.value("newest"))
        return self.apply(messages) if self.value("all") else messages.filter(pk__in=self.value("mail"))

    @property
    def chosen(self) -> QuerySet[Message]:
        """Those of them that it can be done to now."""
        return self.picked.filter(eligible(self.value("do")))

    @property
    def which(self) -> str:
        """Those in words: of ticked ones the newest by name."""
        if self.value("all"):
            return self.words or "all there are"
        count = self.chosen.count()
        subjects = self.chosen.order_by("-id").values_list("subject", flat=True)[:SUBJECTS_NAMED]
        more = f" and {count - SUBJECTS_NAMED:,} more" if count > SUBJECTS_NAMED else ""
        return f"{', '.join(f'“{subject[:100]}”' for subject in subjects)}{more}"
