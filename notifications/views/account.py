"""One's own account: the password, the time zone, and the browsers one is signed in with."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from notifications import time_zones
from notifications.access import role_of
from notifications.forms.people import OwnPasswordForm, OwnZoneForm
from notifications.models import AuditEvent, BrowserSession
from notifications.models.people import end_sessions
from notifications.views import cookies


@require_GET
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    return show(request, OwnPasswordForm(me(request), request=request), zone_form(request))


@require_POST
@never_cache
@sensitive_post_parameters()
def password(request: HttpRequest) -> HttpResponse:
    form = OwnPasswordForm(me(request), request.POST, request=request)
    if not form.is_valid():
        return show(request, form, zone_form(request), status=422)
    with transaction.atomic():
        user = form.save()
        update_session_auth_hash(request, user)
        end_sessions(user, by=user, but=BrowserSession.of(request))
        AuditEvent.record(AuditEvent.Action.PASSWORD_CHANGED, str(user), by=user)
    messages.success(request, "Your password is changed. Every other browser is signed out.")
    return redirect("account")


@require_POST
@never_cache
def time_zone(request: HttpRequest) -> HttpResponse:
    form = zone_form(request, request.POST)
    if not form.is_valid():
        return show(request, OwnPasswordForm(me(request), request=request), form, status=422)
    chosen = form.cleaned_data["time_zone"]
    messages.success(request, f"Times are shown in {chosen or otherwise(request)}.")
    answer = redirect("account")
    cookies.keep(request, answer, time_zones.CHOSEN_COOKIE, chosen)
    return answer


@require_POST
def other_sessions_end(request: HttpRequest) -> HttpResponse:
    count = end_sessions(me(request), by=request.user, but=BrowserSession.of(request))
    messages.success(request, f"{count} other session{'' if count == 1 else 's'} ended.")
    return redirect("account")


@require_POST
def own_session_end(request: HttpRequest, session: UUID) -> HttpResponse:
    if end_sessions(me(request), by=request.user, only=session):
        messages.success(request, "That session is ended.")
    return redirect("account")


def zone_form(request: HttpRequest, data: QueryDict | None = None) -> OwnZoneForm:
    return OwnZoneForm(data, initial={"time_zone": time_zones.chosen(request)}, otherwise=otherwise(request))


def otherwise(request: HttpRequest) -> str:
    """The zone of somebody who chose none."""
    if browsers := time_zones.of_browser(request):
        return f"{browsers}, as this browser says"
    return f"{settings.TIME_ZONE}, as the panel is set up"


def show(request: HttpRequest, form: OwnPasswordForm, zone: OwnZoneForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "zone": zone,
        "role": role_of(request.user).word,
        "sessions": BrowserSession.open_of(me(request)),
        "present": BrowserSession.of(request),
    }
    return render(request, "people/account.html", context, status=status)


def me(request: HttpRequest) -> User:
    """Of a request that came past the sign-in."""
    return User.objects.get(username=request.user.get_username())
