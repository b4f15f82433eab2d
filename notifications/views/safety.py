"""Reports > Safety: pause, allowed domains, one address for everything."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from notifications.access import Role, may, role_of
from notifications.delivery.outbox import wake
from notifications.forms.frozen import freeze
from notifications.forms.safety import SafetyForm
from notifications.models import Safety

PAUSE = ("paused",)


@require_http_methods(["GET", "POST"])
@never_cache
def safety(request: HttpRequest) -> HttpResponse:
    saved = Safety.load()
    form = SafetyForm.of(saved, request.POST if request.method == "POST" else None)
    may_change = role_of(request.user) >= Role.ADMINISTRATOR
    if not may_change:
        # Who runs things can stop the mail; where it may go is settled by others.
        freeze(form, but=PAUSE if may(request.user, "safety", "POST") else ())
    if request.method == "GET" or not form.is_valid():
        context = {"form": form, "may_change": may_change}
        return render(request, "safety/page.html", context, status=422 if form.errors else 200)
    with transaction.atomic():
        Safety.lock().change(form.cleaned_data, by=request.user)
        # What waited may go now.
        wake()
    messages.success(request, f"Saved: {Safety.load()}.")
    return redirect("safety")
