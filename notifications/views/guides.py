"""Setup guides inside the panel, with this panel's own values to copy."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from notifications.addresses import parse_address
from notifications.forms.graph import known_clouds
from notifications.forms.redirect_uri import HABIT, default_redirect_uri
from notifications.models import MailServerSettings
from notifications.oauth.providers import CLOUDS, GOOGLE
from notifications.views.exchange_commands import policy_commands, roles_commands, smtp_auth_commands
from notifications.views.portals import Portal

NO_CLIENT_ID = "the Application (client) ID"
NO_SENDER = "deploy@example.com"
NO_MAILBOX = "robot@example.com"


@require_safe
@never_cache
def guide(request: HttpRequest, name: str) -> HttpResponse:
    """Raises Http404 for a guide that there is not."""
    if name not in GUIDES:
        raise Http404
    return render(request, f"guides/{name.replace('-', '_')}.html", GUIDES[name](MailServerSettings.load()))


def microsoft_oauth2(saved: MailServerSettings) -> dict[str, Any]:
    cloud = CLOUDS.get(saved.oauth2_cloud, CLOUDS["global"])
    is_microsoft = saved.oauth2_provider.startswith("microsoft")
    return {
        **redirect(saved),
        "endpoints": cloud,
        "portal": Portal(cloud.portal, saved.oauth2_client_id if is_microsoft else ""),
        "smtp_auth_commands": smtp_auth_commands(saved.oauth2_cloud, saved.oauth2_sign_in_as or NO_MAILBOX),
    }


def google_oauth2(saved: MailServerSettings) -> dict[str, Any]:
    return {**redirect(saved), "endpoints": GOOGLE}


def microsoft_graph(saved: MailServerSettings) -> dict[str, Any]:
    cloud = known_clouds().get(saved.graph_cloud, CLOUDS["global"])
    sender = parse_address(saved.graph_sender).address if saved.graph_sender else NO_SENDER
    values = saved.graph_cloud, saved.graph_client_id or NO_CLIENT_ID, sender
    return {
        "saved": saved,
        "cloud": cloud,
        "portal": Portal(cloud.portal, saved.graph_client_id),
        "sender": sender,
        "roles_commands": roles_commands(*values),
        "policy_commands": policy_commands(*values),
    }


def redirect(saved: MailServerSettings) -> dict[str, Any]:
    return {"redirect_uri": saved.oauth2_redirect_uri or default_redirect_uri(), "habit": HABIT}


GUIDES: dict[str, Callable[[MailServerSettings], dict[str, Any]]] = {
    "microsoft-oauth2": microsoft_oauth2,
    "google-oauth2": google_oauth2,
    "microsoft-graph": microsoft_graph,
}
