"""Reports > Deliveries: every mail and what became of it."""

from collections.abc import Iterator
from functools import partial

from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from notifications.downloads import Columns, csv_download, streamed
from notifications.forms.filters import DeliveryFilter
from notifications.models import Attempt, BulkJob, Message, Recipient
from notifications.paging import Page, in_chunks, paginate
from notifications.snapshot import snapshot
from notifications.views.exports import export_of

JOBS_SHOWN = 5
MAILS_AT_ONCE = 500
MOST_COUNTED = 1000
COLUMNS: Columns = {
    "Made": lambda message: message.created_at,
    "Finished": lambda message: message.finished_at,
    "State": lambda message: message.get_state_display(),
    "Kind": lambda message: message.get_kind_display(),
    "Subject": lambda message: message.subject,
    "Notification": lambda message: message.notification_name,
    "First recipient": lambda message: message.first_address,
    "Recipients": lambda message: message.recipient_count,
    "Accepted": lambda message: message.accepted_count,
    "Tries": lambda message: message.attempt_count,
    "Last code": lambda message: message.last_code,
    "Last reply": lambda message: message.last_text,
    "Id": lambda message: message.uuid,
}
OF_RECIPIENTS: Columns = {
    "Made": lambda recipient: recipient.message.created_at,
    "Subject": lambda recipient: recipient.message.subject,
    "State": lambda recipient: recipient.message.get_state_display(),
    "Recipient": lambda recipient: recipient.address,
    "Field": lambda recipient: recipient.get_field_display(),
    "Outcome": lambda recipient: recipient.get_outcome_display(),
    "Code": lambda recipient: recipient.code,
    "Reply": lambda recipient: recipient.text,
    "Since": lambda recipient: recipient.changed_at,
    "Id of the mail": lambda recipient: recipient.message.uuid,
}


@require_safe
@vary_on_headers("HX-Request")
@snapshot()
def deliveries(request: HttpRequest) -> HttpResponse:
    """The list; a poll gets its table alone."""
    form = DeliveryFilter(request.GET)
    page = paginate(form.apply(listed(Message.objects.all())), request.GET)
    context = {
        "form": form,
        "page": page,
        "is_live": any(message.is_open for message in page.rows),
        # Called by the part that shows it alone.
        "matching": partial(matching, form, page),
        "jobs": BulkJob.objects.filter(finished_at=None)[:JOBS_SHOWN],
    }
    is_poll = request.headers.get("HX-Request") == "true"
    return render(request, "deliveries/_table_news.html" if is_poll else "deliveries/list.html", context)


@export_of("deliveries", DeliveryFilter)
def export(form: DeliveryFilter) -> HttpResponseBase:
    return csv_download("deliveries", COLUMNS, form.apply(listed(Message.objects.all())))


@export_of("deliveries", DeliveryFilter, "recipients of deliveries")
def export_recipients(form: DeliveryFilter) -> HttpResponseBase:
    """A line for each recipient of the mails in the list."""
    messages = form.apply(Message.objects.defer("content", "draft_server"))
    total = Recipient.objects.filter(message__in=messages.order_by().values("pk")).count()
    return streamed("recipients", OF_RECIPIENTS, chunks_of_recipients(messages), total)


def chunks_of_recipients(messages: QuerySet[Message]) -> Iterator[list[Recipient]]:
    """By their mails, of which one chunk at a time: a filter of recipients would look for all mails at each chunk."""
    for mails in in_chunks(messages.only("pk"), size=MAILS_AT_ONCE):
        # Joined, not looked up: an email that was sent in between would stand beside recipients that wait for it.
        recipients = Recipient.objects.filter(message__in=mails).select_related("message")
        yield from in_chunks(recipients.defer("message__content", "message__draft_server"), key="id")


def matching(form: DeliveryFilter, page: Page[Message]) -> str:
    """How many mails the filter shows, in words: over a million rows an exact count would take a second."""
    if not page.before and not page.after:
        return f"all {len(page.rows):,}"
    count = form.apply(Message.objects.all())[: MOST_COUNTED + 1].count()
    return f"all of more than {MOST_COUNTED:,}" if count > MOST_COUNTED else f"all {count:,}"


def listed(messages: QuerySet[Message]) -> QuerySet[Message]:
    """With what a row shows, and without the mail itself."""
    recipients = Recipient.objects.filter(message=OuterRef("pk")).order_by("id")
    attempts = Attempt.objects.filter(message=OuterRef("pk")).exclude(finished_at=None).order_by("-number")
    return messages.defer("content", "draft_server").annotate(
        notification_name=F("notification__name"),
        first_address=Subquery(recipients.values("address")[:1]),
        recipient_count=counted(recipients),
        accepted_count=counted(recipients, Q(outcome=Recipient.Outcome.ACCEPTED)),
        is_resent=Exists(Message.objects.filter(resend_of=OuterRef("pk"))),
        last_code=Subquery(attempts.values("code")[:1]),
        last_text=Subquery(attempts.values("text")[:1]),
    )


def counted(recipients: QuerySet[Recipient], condition: Q | None = None) -> Coalesce:
    numbers = recipients.order_by().values("message").annotate(number=Count("pk", filter=condition))
    return Coalesce(Subquery(numbers.values("number"), output_field=IntegerField()), 0)
