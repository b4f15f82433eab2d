"""Reports > Deliveries: every mail and what became of it."""

from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET
from django.views.decorators.vary import vary_on_headers

from notifications.forms.filters import DeliveryFilter
from notifications.models import Attempt, Message, Recipient
from notifications.paging import paginate


@require_GET
@vary_on_headers("HX-Request")
def deliveries(request: HttpRequest) -> HttpResponse:
    """The list; a poll gets its table alone."""
    form = DeliveryFilter(request.GET)
    page = paginate(form.apply(listed(Message.objects.all())), request.GET)
    context = {"form": form, "page": page, "is_live": any(message.is_open for message in page.rows)}
    is_poll = request.headers.get("HX-Request") == "true"
    return render(request, "deliveries/_table_news.html" if is_poll else "deliveries/list.html", context)


def listed(messages: QuerySet[Message]) -> QuerySet[Message]:
    """With what a row shows, and without the mail itself."""
    recipients = Recipient.objects.filter(message=OuterRef("pk")).order_by("id")
    attempts = Attempt.objects.filter(message=OuterRef("pk")).exclude(finished_at=None).order_by("-number")
    return messages.defer("content", "draft_server").annotate(
        notification_name=F("notification__name"),
        first_address=Subquery(recipients.values("address")[:1]),
        recipient_count=counted(recipients),
        accepted_count=counted(recipients, Q(outcome=Recipient.Outcome.ACCEPTED)),
        last_code=Subquery(attempts.values("code")[:1]),
    )


def counted(recipients: QuerySet[Recipient], condition: Q | None = None) -> Coalesce:
    numbers = recipients.order_by().values("message").annotate(number=Count("pk", filter=condition))
    return Coalesce(Subquery(numbers.values("number"), output_field=IntegerField()), 0)
