"""What a notification would do as it stands on its page, saved or not: its look, its verdicts, and one mail to me."""

import copy
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods

from notifications.delivery import outbox
from notifications.emails.mail import Mail
from notifications.emails.notification_email import notification_mail
from notifications.emails.samples import Sample
from notifications.forms.notification import NotificationForm
from notifications.forms.notification_how import HOW_FIELDS
from notifications.forms.notification_limits import LIMIT_FIELDS
from notifications.forms.notification_when import WHEN_FIELDS
from notifications.forms.trial import TrialForm
from notifications.models import AuditEvent, Message, Notification
from notifications.simulator import rehearse
from notifications.views.delivery_content import body_of
from notifications.views.notification import show, typed
from notifications.views.test_emails import TESTS_A_MINUTE, is_hasty

# The page around the mail has a style sheet; nothing in either may run, ask or send.
FRAME = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'; sandbox allow-same-origin"
)
HASTY = f"{TESTS_A_MINUTE} test emails a minute are enough. Wait a moment."


@require_http_methods(["GET", "POST"])
@xframe_options_sameorigin
@never_cache
def previews(request: HttpRequest) -> HttpResponse:
    """The mail as a page of its own, for a frame; before the first one, how to get it."""
    context = preview(request) if request.method == "POST" else {}
    response = render(request, "notifications/preview.html", context)
    response["Content-Security-Policy"] = FRAME
    return response


@require_http_methods(["GET", "POST"])
def trials(request: HttpRequest) -> HttpResponse:
    """Which of the last completions it would have mailed about."""
    if request.method == "GET":
        return redirect("notifications")
    form = posted(request)
    form.full_clean()
    wrong = [form[name] for name in ("kind", *WHEN_FIELDS) if name in form.errors]
    ignores_limits = any(name in form.errors for name in LIMIT_FIELDS)
    rule = unlimited(form.instance) if ignores_limits else form.instance
    context = {"wrong": wrong, "rehearsal": None if wrong else rehearse(rule), "ignores_limits": ignores_limits}
    if request.headers.get("HX-Request") == "true":
        return render(request, "notifications/_trial.html", context, status=422 if wrong else 200)
    return show_again(request, form, **context)


@require_http_methods(["GET", "POST"])
def test_emails(request: HttpRequest) -> HttpResponse:
    """Send the notification on the page to one address, about a chosen completion."""
    if request.method == "GET":
        return redirect("notifications")
    form, trial = posted(request), TrialForm(request.POST)
    if not (form.is_valid() & trial.is_valid()):
        return show(request, form, trial, status=422)
    if is_hasty(request):
        trial.add_error("test_to", HASTY)
        return show(request, form, trial, status=429)
    return redirect("delivery", sent_to_me(request, form.instance, trial).uuid)


def preview(request: HttpRequest) -> dict[str, Any]:
    form, trial = posted(request), TrialForm(request.POST)
    form.full_clean()
    trial.full_clean()
    wrong = [form[name] for name in HOW_FIELDS if name in form.errors]
    example: Sample | None = trial.cleaned_data.get("example")
    if example is None:
        return {"wrong": [trial["example"]]}
    mail = notification_mail(form.instance, example.completion, example.targets, timezone.now())
    message = Message(subject=mail.subject, content=mail.content)
    return {
        "wrong": wrong,
        "mail": mail,
        "recipients": [address for address, _ in mail.recipients],
        "html": body_of(message, "html"),
        "text": body_of(message, "plain"),
        "files": [(part.get_filename(), len(part.get_content())) for part in message.parsed.iter_attachments()],
    }


def unlimited(notification: Notification) -> Notification:
    """Whether it fires does not hang on a limit that is not typed to the end yet."""
    other = copy.copy(notification)
    other.digest, other.throttle_count = "", None
    return other


def posted(request: HttpRequest) -> NotificationForm:
    """The form on the page, of the stored notification that it names or of a new one."""
    key = request.POST.get("notification", "")
    if not key:
        return NotificationForm(typed(request))
    if not (key.isascii() and key.isdigit() and len(key) < 19):
        raise Http404("There is no such notification.")
    return NotificationForm(typed(request), instance=get_object_or_404(Notification, pk=int(key)))


def show_again(request: HttpRequest, form: NotificationForm, **context: Any) -> HttpResponse:
    """Without JavaScript: the page as it was, and the answer in it."""
    trial = TrialForm(initial={name: request.POST.get(name, "") for name in ("example", "test_to")})
    return show(request, form, trial, tried=True, **context)


def sent_to_me(request: HttpRequest, notification: Notification, trial: TrialForm) -> Message:
    """A test like any other, which neither counts as fired nor changes what the notification learned."""
    example: Sample = trial.cleaned_data["example"]
    to = trial.cleaned_data["test_to"]
    mail = mail_to(to, notification, example)
    with transaction.atomic():
        message = outbox.put(
            mail, Message.Kind.TEST, requested_by_id=request.user.pk, notification_id=notification.pk or None
        )
        AuditEvent.record(AuditEvent.Action.TEST_SENT, f"to {to}: {notification.name}", by=request.user)
    return message


def mail_to(address: str, notification: Notification, example: Sample) -> Mail:
    alone = copy.copy(notification)
    alone.to, alone.cc, alone.bcc = [address], [], []
    return notification_mail(alone, example.completion, example.targets, timezone.now())
