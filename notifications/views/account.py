"""One's own account: the password, and the browsers one is signed in with."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from notifications.access import role_of
from notifications.forms.people import OwnPasswordForm
from notifications.models import AuditEvent, BrowserSession
from notifications.models.people import end_sessions


@require_GET
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    return show(request, OwnPasswordForm(me(request)))


@require_POST
@never_cache
@sensitive_post_parameters()
def password(request: HttpRequest) -> HttpResponse:
    form = OwnPasswordForm(me(request), request.POST)
    if not form.is_valid():
        return show(request, form, status=422)
    with transaction.atomic():
        user = form.save()
        update_session_auth_hash(request, user)
        end_sessions(user, by=user, but=BrowserSession.of(request))
        AuditEvent.record(AuditEvent.Action.PASSWORD_CHANGED, str(user), by=user)
    messages.success(request, "Your password is changed. Every other browser is signed out.")
    return redirect("account")


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


def show(request: HttpRequest, form: OwnPasswordForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "role": role_of(request.user).word,
        "sessions": me(request).browser_sessions.all(),
        "present": BrowserSession.of(request),
    }
    return render(request, "people/account.html", context, status=status)


def me(request: HttpRequest) -> User:
    """Of a request that came past the sign-in."""
    return User.objects.get(username=request.user.get_username())
