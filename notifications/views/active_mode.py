"""Which mode mail goes out by."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from notifications.context import waiting
from notifications.delivery.outbox import start_afresh
from notifications.diagnosis.connection import connection_of
from notifications.models import MailServerSettings, Mode, StaleVersion
from notifications.versions import seen


@require_http_methods(["GET", "POST"])
@never_cache
def active_mode(request: HttpRequest) -> HttpResponse:
    saved = MailServerSettings.load()
    mode = mode_in(request)
    if not saved.has_values(mode):
        messages.warning(request, f"{mode.label} is not set up: fill in its form and save it first.")
        return redirect(f"{reverse('mail-server')}?mode={mode}")
    if mode == saved.active_mode:
        messages.info(request, f"{mode.label} is the active mode already.")
        return redirect("mail-server")
    # A confirmation of what was there before somebody else saved is none.
    if request.method == "GET" or seen(request) != saved.version:
        return render(request, "parts/confirm.html", question(saved, mode))
    return switch(request, saved, mode)


def switch(request: HttpRequest, saved: MailServerSettings, mode: Mode) -> HttpResponse:
    try:
        saved.save_version({"active_mode": mode.value}, seen=saved.version, by=request.user)
    except StaleVersion:
        return render(request, "parts/confirm.html", question(MailServerSettings.load(), mode))
    start_afresh()
    messages.success(request, f"{mode.label} is the active mode. From now on mail goes out by it.")
    return redirect("mail-server")


def mode_in(request: HttpRequest) -> Mode:
    """Raises Http404 for what is no mode."""
    try:
        return Mode((request.POST if request.method == "POST" else request.GET).get("mode", ""))
    except ValueError as error:
        raise Http404 from error


def question(saved: MailServerSettings, mode: Mode) -> dict[str, object]:
    return {
        "title": f"Make {mode.label} the active mode?",
        "text": f"Mail goes out by {saved.get_active_mode_display()} now.",
        "consequences": consequences(saved, mode),
        "action": reverse("active-mode"),
        "verb": f"Make {mode.label} active",
        "back": f"{reverse('mail-server')}?mode={mode}",
        "hidden": [("mode", mode.value), ("version", saved.version)],
    }


def consequences(saved: MailServerSettings, mode: Mode) -> list[str]:
    queued = waiting()
    sender = getattr(saved, f"{mode}_sender")
    mails = "No mail is queued." if not queued else f"{queued} queued mail{'s' * (queued != 1)} will go out by it."
    told = [
        f"{mails} What is held or waits for a retry is tried at once.",
        f"Every mail from then on comes from {sender}, also those that are queued now.",
        "A mail that is being sent this moment ends the way it began.",
        f"{saved.get_active_mode_display()} keeps its values, so you can come back.",
    ]
    if mode == Mode.OAUTH2 and not connection_of(saved).is_connected:
        told.insert(0, "OAuth2 is not connected: until somebody presses Authenticate, all mail is held.")
    return told
