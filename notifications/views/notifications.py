"""Reports > Notifications: who gets a mail about what."""

from operator import attrgetter
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from notifications.digests.tell import retire
from notifications.downloads import Columns, csv_download
from notifications.forms.filters import NotificationFilter
from notifications.forms.notification import NotificationForm, free_copy_name
from notifications.models import AuditEvent, Message, Notification, Outcome
from notifications.paging import paginate
from notifications.snapshot import snapshot
from notifications.views.exports import export_of
from notifications.views.notification_news import news_of, of_its_own

COLUMNS: Columns = {
    "Name": lambda notification: notification.name,
    "Kind": lambda notification: notification.get_kind_display(),
    "Enabled": lambda notification: notification.enabled,
    "Outcomes": lambda notification: ", ".join(label for _, label in outcomes_of(notification)),
    **{
        f"Only where {name.removesuffix('_glob')}": attrgetter(name)
        for name in NotificationForm.Meta.fields
        if name.endswith("_glob")
    },
    "To": lambda notification: "; ".join(notification.to),
    "Cc": lambda notification: "; ".join(notification.cc),
    "Bcc": lambda notification: "; ".join(notification.bcc),
    "Together": lambda notification: notification.get_digest_display(),
    "Last fired": lambda notification: notification.last_fired,
    "Changed": lambda notification: notification.changed_at,
}


@require_safe
@snapshot()
def notifications(request: HttpRequest) -> HttpResponse:
    form = NotificationFilter(request.GET)
    page = paginate(form.apply(with_last_fired(Notification.objects.all())), request.GET, key="name")
    news = news_of(page.rows)
    rows = [(notification, outcomes_of(notification), news[notification.pk]) for notification in page.rows]
    return render(request, "notifications/list.html", {"form": form, "page": page, "rows": rows})


@export_of("notifications", NotificationFilter)
def export(form: NotificationFilter) -> HttpResponseBase:
    rows = form.apply(with_last_fired(Notification.objects.all()))
    return csv_download("notifications", COLUMNS, rows, key="name")


@require_POST
def copies(request: HttpRequest, pk: int) -> HttpResponse:
    original = get_object_or_404(Notification, pk=pk)
    copy = Notification(**{name: getattr(original, name) for name in NotificationForm.Meta.fields})
    copy.name, copy.enabled = free_copy_name(original.name), False
    with transaction.atomic():
        copy.save()
        AuditEvent.record(AuditEvent.Action.NOTIFICATION_ADDED, copy.name, by=request.user)
    messages.success(request, f"“{copy.name}” was made. It is off until you enable it.")
    return redirect("notification", copy.pk)


@require_POST
def enabled(request: HttpRequest, pk: int) -> HttpResponse:
    return switched(request, pk, on=True)


@require_POST
def disabled(request: HttpRequest, pk: int) -> HttpResponse:
    return switched(request, pk, on=False)


@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    notification = get_object_or_404(Notification, pk=pk)
    if request.method == "POST":
        if retire(notification, request.user):
            messages.info(request, "What it had collected goes out now, in one mail.")
        messages.success(request, f"“{notification.name}” was deleted.")
        return redirect("notifications")
    return render(request, "parts/confirm.html", deletion(notification, request.path))


def with_last_fired(rows: QuerySet[Notification]) -> QuerySet[Notification]:
    newest = Message.objects.filter(of_its_own(), notification=OuterRef("pk")).order_by("-id")
    return rows.annotate(last_fired=Subquery(newest.values("created_at")[:1]))


def outcomes_of(notification: Notification) -> list[tuple[str, str]]:
    return [(value, label) for value, label in Outcome.choices if value in notification.outcomes]


def switched(request: HttpRequest, pk: int, *, on: bool) -> HttpResponse:
    notification = get_object_or_404(Notification, pk=pk)
    action = AuditEvent.Action.NOTIFICATION_ENABLED if on else AuditEvent.Action.NOTIFICATION_DISABLED
    with transaction.atomic():
        if notification.switch(on=on):
            AuditEvent.record(action, notification.name, by=request.user)
    messages.success(request, f"“{notification.name}” is {'on' if on else 'off'}.")
    # The keyboard stays at the switch.
    return redirect(f"{reverse('notifications')}#switch-{pk}")


def deletion(notification: Notification, action: str) -> dict[str, Any]:
    waiting = notification.messages.filter(state__in=Message.OPEN).aggregate(count=Count("pk"))["count"]
    consequences = ["No further completion makes a mail for its recipients.", "Mails already sent keep their record."]
    if collected := notification.digest_entries.filter(told_at=None).count():
        words = "completion waits" if collected == 1 else "completions wait"
        consequences.append(f"{collected:,} {words} to be told of together: that mail goes out first.")
    if waiting:
        consequences.append(f"{waiting:,} of its mails are still on their way and will be sent.")
    return {
        "title": f"Delete “{notification.name}”?",
        "text": "This cannot be undone. Switch it off instead if you may want it again.",
        "consequences": consequences,
        "action": action,
        "verb": f"Delete “{notification.name}”",
        "back": "../",
        "danger": True,
    }
