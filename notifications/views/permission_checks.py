"""What the app of Graph mode may do: looked up with a fresh token, told in words, and never in anybody's way."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from notifications.diagnosis import explain
from notifications.forms.graph import GraphForm
from notifications.models import AppToken, MailServerSettings, Mode
from notifications.oauth.app_tokens import app_token
from notifications.oauth.errors import OAuthFailure
from notifications.oauth.settings import graph_registration_of
from notifications.views.mail_server import show
from notifications.views.modes import graph_extras
from notifications.views.test_emails import is_in_place

# A person waits for the answer; a call takes a second or two.
PATIENCE_SECONDS = 20.0


@require_POST
@never_cache
def create(request: HttpRequest) -> HttpResponse:
    """Look with the saved values: an app's permissions are in its token, and only a new one has the present ones."""
    saved = MailServerSettings.load()
    page = f"{reverse('mail-server')}?mode={Mode.GRAPH}"
    if not saved.has_values(Mode.GRAPH):
        messages.warning(request, "Microsoft Graph is not set up: fill in its form and save it first.")
        return redirect(page)
    try:
        fetch_anew(saved)
    except OAuthFailure as error:
        return failed(request, saved, error)
    if is_in_place(request):
        return permissions(request, saved)
    messages.success(request, "Looked at a fresh token: what the app may do stands below its form.")
    return redirect(f"{page}#permissions")


def fetch_anew(saved: MailServerSettings) -> None:
    """Raises OAuthFailure."""
    known = AppToken.load().access_token
    app_token(graph_registration_of(saved), refused=str(known), patience=PATIENCE_SECONDS)


def failed(request: HttpRequest, saved: MailServerSettings, error: OAuthFailure) -> HttpResponse:
    told: dict[str, Any] = {"failure": str(error), "explanation": explain("", str(error), Mode.GRAPH)}
    if is_in_place(request):
        return permissions(request, saved, status=422, **told)
    return show(request, saved, GraphForm(saved=saved), status=422, **told)


def permissions(request: HttpRequest, saved: MailServerSettings, status: int = 200, **told: Any) -> HttpResponse:
    context = {"has_values": True, **graph_extras(saved, GraphForm(saved=saved)), **told}
    return render(request, "mail_server/_permissions.html", context, status=status)
