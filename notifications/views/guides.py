"""Setup guides inside the panel, with this panel's own values to copy."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from notifications.forms.redirect_uri import HABIT, default_redirect_uri
from notifications.models import MailServerSettings
from notifications.oauth.providers import CLOUDS, GOOGLE, Kind

GUIDES = {"microsoft-oauth2": Kind.MICROSOFT, "google-oauth2": Kind.GOOGLE}


@require_GET
@never_cache
def guide(request: HttpRequest, name: str) -> HttpResponse:
    """Raises Http404 for a guide that there is not."""
    if name not in GUIDES:
        raise Http404
    saved = MailServerSettings.load()
    cloud = CLOUDS.get(saved.oauth2_cloud, CLOUDS["global"])
    context = {
        "redirect_uri": saved.oauth2_redirect_uri or default_redirect_uri(),
        "habit": HABIT,
        "endpoints": GOOGLE if GUIDES[name] is Kind.GOOGLE else cloud,
        "mailbox": saved.oauth2_sign_in_as or "robot@example.com",
    }
    return render(request, f"guides/{name.replace('-', '_')}.html", context)
