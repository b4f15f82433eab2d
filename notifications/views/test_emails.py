"""Send Test Email: a mail like any other, followed on the page."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from notifications.capture import store, switch
from notifications.delivery import outbox
from notifications.diagnosis import secret_blanks
from notifications.emails.test_email import test_mail
from notifications.forms.mode import ModeForm
from notifications.forms.test_email import TestEmailForm, draft_of
from notifications.models import AuditEvent, MailServerSettings, Message, Mode
from notifications.snapshot import snapshot
from notifications.views import last_test
from notifications.views.mail_server import RECIPIENT_KEY, for_reader, show, typed
from notifications.views.modes import inbox_port, page_of
from notifications.views.test_steps import TestStory, story_of

A_MINUTE = timedelta(minutes=1)
TESTS_A_MINUTE = 10


@require_POST
def create(request: HttpRequest) -> HttpResponse:
    """Queue a test of the values on the page, saved or not; of the saved ones for those who may not save."""
    saved = MailServerSettings.load()
    page = page_of(request.POST.get("mode", Mode.BASIC), saved)
    form = for_reader(request, page.form(typed(request, page.mode), saved=saved))
    recipient = TestEmailForm(request.POST)
    if not (form.is_valid() & recipient.is_valid()):
        return refuse(request, saved, form, recipient, 422)
    if form.sends_unreadable_secret():
        words = f"The saved {form.write_only_word} cannot be read with the present keys: enter it again."
        form.add_error(form.write_only, words)
        return refuse(request, saved, form, recipient, 422)
    if is_hasty(request):
        recipient.add_error("test_to", f"{TESTS_A_MINUTE} test emails a minute are enough. Wait a moment.")
        return refuse(request, saved, form, recipient, 429)
    request.session[RECIPIENT_KEY] = recipient.cleaned_data["test_to"]
    message = put(request, saved, form, recipient.cleaned_data["test_to"])
    last_test.remember(request.session, message, form)
    return result(request, message.uuid) if is_in_place(request) else redirect("test-email", message.uuid)


@require_safe
@never_cache
@snapshot()
def detail(request: HttpRequest, uuid: UUID) -> HttpResponse:
    return result(request, uuid)


def put(request: HttpRequest, saved: MailServerSettings, form: ModeForm, to: str) -> Message:
    mail = test_mail(to=to, server=form.server_name, mode=form.mode, now=timezone.now())
    with transaction.atomic():
        message = outbox.put(
            mail, Message.Kind.TEST, requested_by_id=request.user.pk, draft_server=draft_of(form, saved)
        )
        AuditEvent.record(AuditEvent.Action.TEST_SENT, f"to {to} by {Mode(form.mode).label}", by=request.user)
    return message


def is_hasty(request: HttpRequest) -> bool:
    """A test may go to any server and address, so it is the panel's way to bother strangers."""
    recent = Message.objects.filter(
        kind=Message.Kind.TEST, requested_by=request.user.pk, created_at__gt=timezone.now() - A_MINUTE
    )
    return recent.count() >= TESTS_A_MINUTE


def refuse(
    request: HttpRequest, saved: MailServerSettings, form: ModeForm, recipient: TestEmailForm, status: int
) -> HttpResponse:
    """In place only the errors come back, so that the form keeps a typed password; without JavaScript all of it."""
    if is_in_place(request):
        return render(request, "mail_server/_test_refused.html", {"form": form, "recipient": recipient}, status=status)
    return show(request, saved, form, recipient=recipient, status=status)


def result(request: HttpRequest, uuid: UUID) -> HttpResponse:
    template = "mail_server/_test_news.html" if is_in_place(request) else "mail_server/test_email.html"
    story = story_of(uuid)
    note = secret_blanks.note_for(story.attempt) or last_test.secret_note(request.session, story.attempt)
    answer = render(request, template, {"story": story, "caught": caught(story), "secret_note": note})
    # For what else on the page is about it.
    return trigger_client_event(answer, "test-accepted") if story.is_accepted else answer


def caught(story: TestStory) -> str | None:
    """The mail's key in the built-in inbox, if it went there."""
    there = f"connected to {switch.HOST}:{inbox_port()} "
    if switch.why_off() or not story.is_accepted or story.attempt is None or there not in story.attempt.transcript:
        return None
    return store.find(story.message.internet_message_id)


def is_in_place(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"
