"""The one-time link of a new installation: it makes the first administrator."""

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from notifications.forms.setup import SetupForm
from notifications.models import AuditEvent, MailServerState
from notifications.setup_link import check_setup_token, is_open


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def setup(request: HttpRequest, token: str) -> HttpResponse:
    if not check_setup_token(token):
        return render(request, "setup/over.html", {"is_set_up": not is_open()}, status=410)
    form = SetupForm(request.POST or None)
    if not form.is_valid():
        return render(request, "setup/page.html", {"form": form}, status=422 if form.is_bound else 200)
    user = make_first(form)
    if user is None:
        return render(request, "setup/over.html", {"is_set_up": True}, status=410)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("mail-server")


@transaction.atomic
def make_first(form: SetupForm) -> User | None:
    """None when somebody was faster: the row lock lets only one of two at a time look for administrators."""
    MailServerState.lock()
    if not is_open():
        return None
    user = form.save()
    AuditEvent.record(AuditEvent.Action.ACCOUNT_MADE, f"{user}, administrator, by the setup link", by=user)
    return user
