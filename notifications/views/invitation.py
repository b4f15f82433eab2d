"""Where an invitation's link leads: to an account of one's own."""

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from notifications.forms.setup import AccountForm
from notifications.models import Invitation

BACKEND = "django.contrib.auth.backends.ModelBackend"


@login_not_required
@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    found = Invitation.find(token)
    if found is None:
        return render(request, "people/invitation_over.html", status=410)
    form = AccountForm(request.POST or None)
    if not form.is_valid():
        context = {"form": form, "invitation": found, "here": "/"}
        return render(request, "people/invitation.html", context, status=422 if form.is_bound else 200)
    user = form.save(commit=False)
    if not found.accept(user):
        return render(request, "people/invitation_over.html", status=410)
    login(request, user, backend=BACKEND)
    return redirect("home")
