"""What every page shows about mail, asked for again while a page is open."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from notifications.snapshot import snapshot
from notifications.views.back import back_to


@require_safe
@never_cache
@snapshot()
def mail_state(request: HttpRequest) -> HttpResponse:
    """The banner and the bar's mail state, for the page named in `next`."""
    here = back_to(request, "dashboard")
    context = {"is_poll": True, "here": here, "on_mail_server": here.startswith(reverse("mail-server"))}
    return render(request, "parts/_mail_banner_news.html", context)
