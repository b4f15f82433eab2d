"""The front door, and the colours that somebody prefers."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from notifications.context import THEME_COOKIE, THEMES
from notifications.views import cookies
from notifications.views.back import back_to


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    # A provider comes back to the bare address when the Redirect URI is just http://localhost:port.
    if "state" in request.GET and {"code", "error"} & request.GET.keys():
        return redirect(f"{reverse('oauth-callback')}?{request.META['QUERY_STRING']}")
    return redirect("dashboard")


@login_not_required
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the choice; anything but light or dark follows the system again."""
    answer = redirect(back_to(request, "home"))
    chosen = request.POST.get("theme", "")
    cookies.keep(request, answer, THEME_COOKIE, chosen if chosen in THEMES else "")
    return answer
