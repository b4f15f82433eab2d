"""One notification of Reports > Notifications: all that it is, and what it would do."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from notifications.access import may
from notifications.emails.variables import VARIABLES
from notifications.entries import Account
from notifications.forms.frozen import freeze
from notifications.forms.notification import NotificationForm
from notifications.forms.trial import TrialForm, first_example
from notifications.models import Notification, StaleVersion
from notifications.versions import seen
from notifications.views.notification_conflict import conflict_of
from notifications.views.notification_parts import opened

ACCOUNTS_SHOWN = 50
SNIPPETS = (
    ("{% if failed %}…{% else %}…{% endif %}", "Only then, otherwise the other"),
    ('{{ finished|date:"j M Y H:i" }}', "A time in another form"),
    ("{{ name|truncatechars:40 }}", "No longer than 40 characters"),
    ('{{ failures|join:", " }}', "The names of a list in one line"),
)
THROTTLE = ("throttle_count", "throttle_minutes")


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    return page(request, None)


@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    return page(request, get_object_or_404(Notification, pk=pk))


def page(request: HttpRequest, notification: Notification | None) -> HttpResponse:
    form = NotificationForm(typed(request) if request.method == "POST" else None, instance=notification)
    if request.method == "GET":
        if notification is None:
            form.fields["name"].widget.attrs["autofocus"] = True
        return show(request, form)
    if notification and seen(request) not in (None, notification.version):
        return show_conflict(request, notification.pk)
    if not form.is_valid():
        return show(request, form)
    try:
        return saved(request, form, "was saved" if notification else "was added")
    except StaleVersion:
        return show_conflict(request, form.instance.pk)


def show_conflict(request: HttpRequest, pk: int) -> HttpResponse:
    """Somebody saved in between: both sides, and what was typed still in the form."""
    stored = get_object_or_404(Notification, pk=pk)
    form = NotificationForm(typed(request), instance=get_object_or_404(Notification, pk=pk))
    return show(request, form, status=409, **conflict_of(form, stored))


def typed(request: HttpRequest) -> QueryDict:
    """What the page shows of it: its limit belongs to the choice of a mail for each completion."""
    values = request.POST.copy()
    if values.get("digest"):
        for name in THROTTLE:
            values.pop(name, None)
    return values


def show(
    request: HttpRequest,
    form: NotificationForm,
    trial: TrialForm | None = None,
    *,
    status: int = 200,
    **further: Any,
) -> HttpResponse:
    may_change = may(request.user, "notification", "POST")
    if not may_change:
        freeze(form)
    # The form has already changed its instance in memory: the page names what is stored.
    notification = Notification.objects.filter(pk=form.instance.pk).first()
    context = {
        "form": form,
        "trial": trial or fresh_trial(request, form.instance),
        "notification": notification,
        "version": version_of(request, form, notification),
        "opened": opened(form),
        "variables": VARIABLES,
        "snippets": SNIPPETS,
        "accounts": accounts() if may_change else [],
        "may_change": may_change,
        **further,
    }
    return render(request, "notifications/edit.html", context, status=status)


def version_of(request: HttpRequest, form: NotificationForm, stored: Notification | None) -> int | None:
    """What was seen stays what was seen, until somebody was shown what is saved now."""
    if form.is_bound:
        return seen(request)
    return stored.version if stored else None


def fresh_trial(request: HttpRequest, notification: Notification) -> TrialForm:
    email = request.user.email if request.user.is_authenticated else ""
    return TrialForm(initial={"example": first_example(notification.kind), "test_to": email})


def saved(request: HttpRequest, form: NotificationForm, what: str) -> HttpResponse:
    notification = form.store(request.user, seen=seen(request))
    count = notification.recipient_count
    messages.success(request, f"“{notification.name}” {what}: {count:,} recipient{'s' if count > 1 else ''}.")
    if form.dropped:
        shown = ", ".join(form.dropped[:5]) + ("…" if len(form.dropped) > 5 else "")
        messages.info(request, f"Stood in more than one field and gets one mail: {shown}.")
    if form.left_out:
        messages.warning(request, f"Some will get no mail as things are. {' '.join(form.left_out)}")
    return redirect("notifications")


def accounts() -> list[tuple[str, str]]:
    """The users and groups that may be named as recipients, and what there is to know about each."""
    users = get_user_model().objects.filter(is_active=True).order_by("username")[:ACCOUNTS_SHOWN]
    groups = Group.objects.order_by("name")[:ACCOUNTS_SHOWN]
    return [
        *((str(Account("user", user.get_username())), user.email or "has no address yet") for user in users),
        *((str(Account("group", group.name)), "everybody in the group") for group in groups),
    ]
