"""One person of System > People: the role, the address, the state, and from where they are signed in."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from notifications.access import role_of
from notifications.forms.people import WHAT_ROLES_MAY, EmailForm, RoleForm
from notifications.models import BrowserSession, LastAdministrator
from notifications.models.browser_session import end_sessions
from notifications.models.people import (
    activate,
    change_address,
    change_role,
    deactivate,
    is_last_administrator,
)

LAST = "is the last administrator. Make another one first: without any, nobody could."


@require_safe
@never_cache
def person(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(User, pk=pk)
    return show(request, found, EmailForm(initial={"email": found.email}))


@require_POST
@never_cache
def address(request: HttpRequest, pk: int) -> HttpResponse:
    found, form = get_object_or_404(User, pk=pk), EmailForm(request.POST)
    if not form.is_valid():
        return show(request, found, form, status=422)
    email = form.cleaned_data["email"]
    change_address(found, email, by=request.user)
    messages.success(request, f"Mail to {found} goes to {email}." if email else f"{found} has no address now.")
    return redirect("person", pk)


@require_POST
def role(request: HttpRequest, pk: int) -> HttpResponse:
    found, form = get_object_or_404(User, pk=pk), RoleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "There is no such role.")
        return redirect("person", pk)
    try:
        change_role(found, form.cleaned_data["role"], by=request.user)
    except LastAdministrator:
        return refused_last(request, found)
    messages.success(request, f"{found} is {form.cleaned_data['role'].word} from now on.")
    # Who gave the role away may not see the page any more.
    return redirect("home" if found == request.user else "people")


@require_http_methods(["GET", "POST"])
def deactivation(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(User, pk=pk)
    if request.method == "GET":
        return refused_last(request, found) if is_last_administrator(found) else ask(request, found)
    try:
        deactivate(found, by=request.user)
    except LastAdministrator:
        return refused_last(request, found)
    messages.success(request, f"{found} is switched off and signed out everywhere.")
    return redirect("people")


@require_POST
def activation(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(User, pk=pk)
    activate(found, by=request.user)
    messages.success(request, f"{found} can sign in again.")
    return redirect("person", pk)


@require_POST
def sessions_end(request: HttpRequest, pk: int) -> HttpResponse:
    """All of somebody's."""
    return ended(request, pk, None)


@require_POST
def session_end(request: HttpRequest, pk: int, session: UUID) -> HttpResponse:
    return ended(request, pk, session)


def ended(request: HttpRequest, pk: int, only: UUID | None) -> HttpResponse:
    found = get_object_or_404(User, pk=pk)
    count = end_sessions(found, by=request.user, only=only)
    messages.success(request, f"{count} session{'' if count == 1 else 's'} of {found} ended.")
    return redirect("person", pk)


def show(request: HttpRequest, found: User, email: EmailForm, status: int = 200) -> HttpResponse:
    context = {
        "person": found,
        "role": role_of(found).word,
        "form": RoleForm(initial={"role": role_of(found).value}),
        "email": email,
        "sessions": BrowserSession.open_of(found),
        "present": BrowserSession.of(request),
        "roles": WHAT_ROLES_MAY,
        "is_last": is_last_administrator(found),
    }
    return render(request, "people/person.html", context, status=status)


def refused_last(request: HttpRequest, found: User) -> HttpResponse:
    messages.error(request, f"{found} {LAST}")
    return redirect("person", found.pk)


def ask(request: HttpRequest, found: User) -> HttpResponse:
    context = {
        "title": f"Switch {found} off?",
        "text": "The account stays, with what it did; nobody can sign in with it until it is switched on again.",
        "consequences": [
            "Every browser in which it is signed in is signed out at once.",
            "Notifications that name it no longer mail to it.",
            "Links that it made to invite others lead nowhere any more.",
            "API tokens that it made go on working: revoke them one by one if they should not.",
        ],
        "action": request.path,
        "verb": f"Switch {found} off",
        "back": "../",
        "danger": True,
    }
    return render(request, "parts/confirm.html", context)
