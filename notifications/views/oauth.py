"""From Authenticate to a stored consent, and its end."""

import logging
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from notifications.access import may
from notifications.delivery.outbox import start_afresh
from notifications.diagnosis import explain
from notifications.diagnosis.connection import connection_of
from notifications.forms.redirect_uri import is_localhost
from notifications.models import AuditEvent, MailServerSettings, Mode, OAuthGrant
from notifications.oauth import consent
from notifications.oauth.disconnect import disconnect
from notifications.oauth.errors import OAuthFailure
from notifications.views.mail_server import show, typed
from notifications.views.modes import PAGES

logger = logging.getLogger(__name__)


@require_POST
@never_cache
def consents(request: HttpRequest) -> HttpResponse:
    """Send the browser to the provider.

    By a page that goes on by itself: Chromium holds a redirect after a form against the form's form-action, and with
    `'self'` there it would end here.
    """
    saved = MailServerSettings.load()
    if is_from_form(request) and (answer := save_first(request, saved)):
        return answer
    if not saved.has_values(Mode.OAUTH2):
        messages.warning(request, "OAuth2 is not set up: fill in its form and save it first.")
        return redirect(page_address())
    try:
        url = consent.begin(saved, request.session.session_key or "", request.user)
    except OAuthFailure as error:
        return failed(request, error)
    return render(request, "mail_server/to_provider.html", {"url": url, "host": urlsplit(url).netloc})


@login_not_required
@require_safe
@never_cache
def callback(request: HttpRequest) -> HttpResponse:
    """Where the provider sends the browser back to, with an answer in the query."""
    if not request.user.is_authenticated:
        return hop_home(request) or render(request, "mail_server/not_signed_in.html", status=400)
    if not may(request.user, "oauth-answers", "POST"):
        raise PermissionDenied
    # Read as a pasted address is: with a parameter given twice, none is believed.
    return completed(request, request.get_full_path())


@require_POST
@never_cache
def answers(request: HttpRequest) -> HttpResponse:
    """The address of the page that did not load, pasted by the person in front of it."""
    return completed(request, request.POST.get("address", ""))


@require_http_methods(["GET", "POST"])
@never_cache
def disconnection(request: HttpRequest) -> HttpResponse:
    saved = MailServerSettings.load()
    if request.method == "GET":
        return render(request, "parts/confirm.html", question(saved))
    account = OAuthGrant.load().account
    if kept := disconnect(saved, by=request.user):
        text = f"Disconnected here, but the provider did not take the consent back: {kept}. Remove the app there too."
        messages.warning(request, text)
    else:
        messages.success(request, f"Disconnected{f' from {account}' if account else ''}.")
    return redirect(page_address())


def completed(request: HttpRequest, address: str) -> HttpResponse:
    saved = MailServerSettings.load()
    try:
        answer = consent.answer_in(address)
        grant = consent.complete(saved, request.session.session_key or "", answer, request.user)
    except OAuthFailure as error:
        AuditEvent.record(AuditEvent.Action.CONSENT_REFUSED, str(error), by=request.user)
        return failed(request, error)
    start_afresh()
    messages.success(request, connected_words(grant, saved))
    return redirect(page_address())


def connected_words(grant: OAuthGrant, saved: MailServerSettings) -> str:
    if saved.active_mode == Mode.OAUTH2:
        return f"Connected as {grant.account}. Mail that was held goes out now."
    return f"Connected as {grant.account}. Mail still goes out by {saved.get_active_mode_display()}."


def failed(request: HttpRequest, error: OAuthFailure) -> HttpResponse:
    logger.warning("a sign-in for OAuth2 was not accepted: %s", " ".join(str(error).split()))
    context = {
        "error": error,
        "explanation": explain("", str(error), Mode.OAUTH2) if error.code else None,
        "connection": connection_of(MailServerSettings.load()),
        "back": page_address(),
        # This page's own address holds the provider's code.
        "here": page_address(),
    }
    return render(request, "mail_server/not_connected.html", context, status=400)


def is_from_form(request: HttpRequest) -> bool:
    """The banner's button brings no values along."""
    return "provider" in request.POST


def save_first(request: HttpRequest, saved: MailServerSettings) -> HttpResponse | None:
    """The page once more when its values are not the saved ones: the consent would be given to others than shown."""
    form = PAGES[Mode.OAUTH2].form(typed(request, Mode.OAUTH2), saved=saved)
    if not form.is_valid():
        return show(request, saved, form, status=422)
    if all(value == getattr(saved, column) for column, value in form.values().items()):
        return None
    form.add_error(None, "Save first: Authenticate works with the saved values, and the ones on this page differ.")
    return show(request, saved, form, status=409)


def hop_home(request: HttpRequest) -> HttpResponse | None:
    """On a machine of one's own the provider leads to localhost, and the session may be that of 127.0.0.1."""
    home, here = urlsplit(settings.PUBLIC_URL), urlsplit(f"//{request.get_host()}")
    both_local = is_localhost(home.hostname or "") and is_localhost(here.hostname or "")
    if not both_local or home.hostname == here.hostname:
        return None
    return redirect(f"{settings.PUBLIC_URL}{request.get_full_path()}")


def page_address() -> str:
    return f"{reverse('mail-server')}?mode={Mode.OAUTH2}"


def question(saved: MailServerSettings) -> dict[str, object]:
    connection = connection_of(saved)
    told = ["The tokens are forgotten here; to send by OAuth2 again, somebody has to press Authenticate."]
    if saved.active_mode == Mode.OAUTH2:
        told.append("OAuth2 is the active mode: mail is held from then on, and none of it is lost.")
    if saved.oauth2_provider.startswith("google"):
        told.append("Google is asked to take the consent back.")
    else:
        told.append("Microsoft keeps the consent itself until it is removed at myaccount.microsoft.com.")
    return {
        "title": "Disconnect?",
        "text": f"Mail is sent with the consent of {connection.grant.account or 'nobody'}.",
        "consequences": told,
        "action": reverse("oauth-disconnection"),
        "verb": "Disconnect",
        "back": page_address(),
        "danger": True,
    }
