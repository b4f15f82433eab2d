"""One's own account: the address, the password, the time zone, and the browsers one is signed in with."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.models import User
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from notifications import time_zones
from notifications.access import role_of
from notifications.forms.people import EmailForm, OwnPasswordForm, OwnZoneForm
from notifications.models import AuditEvent, BrowserSession
from notifications.models.browser_session import end_sessions
from notifications.models.people import change_address
from notifications.views import cookies


@require_safe
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    return show(request)


@require_POST
@never_cache
def address(request: HttpRequest) -> HttpResponse:
    form = EmailForm(request.POST)
    if not form.is_valid():
        return show(request, email=form, status=422)
    email = form.cleaned_data["email"]
    change_address(me(request), email, by=request.user)
    messages.success(request, f"Your mail goes to {email}." if email else "You have no address now.")
    return redirect("account")


@require_POST
@never_cache
@sensitive_post_parameters()
def password(request: HttpRequest) -> HttpResponse:
    form = OwnPasswordForm(me(request), request.POST, request=request)
    if not form.is_valid():
        return show(request, form=form, status=422)
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
        return show(request, zone=form, status=422)
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


def show(request: HttpRequest, status: int = 200, **forms: BaseForm) -> HttpResponse:
    """The page, with one of its `forms` as it was sent."""
    person = me(request)
    context = {
        "form": OwnPasswordForm(person, request=request),
        "zone": zone_form(request),
        "email": EmailForm(initial={"email": person.email}),
        **forms,
        "role": role_of(person).word,
        "sessions": BrowserSession.open_of(person),
        "present": BrowserSession.of(request),
    }
    return render(request, "people/account.html", context, status=status)


def me(request: HttpRequest) -> User:
    """Of a request that came past the sign-in."""
    return User.objects.get(username=request.user.get_username())
