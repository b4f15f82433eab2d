"""Signing in with an account at Microsoft or Google, where the environment switches that on."""

import logging

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from notifications.models import AuditEvent
from notifications.models.identity import Identity, NoAccount
from notifications.oauth.sign_in import SignInProvider, SignInRefused, begin, complete, sign_in_provider
from notifications.views.invitation import BACKEND

logger = logging.getLogger(__name__)
KEPT = "provider_sign_in"


@login_not_required
@require_safe
@never_cache
def start(request: HttpRequest) -> HttpResponse:
    url, request.session[KEPT] = begin(provider_or_404(), redirect_uri())
    return redirect(url)


@login_not_required
@require_safe
@never_cache
def callback(request: HttpRequest) -> HttpResponse:
    provider, kept = provider_or_404(), request.session.pop(KEPT, {})
    if not kept:
        # Anybody may come by here, as often as they like: nothing that grows the record for good.
        return refusal(request, provider, "This answer belongs to no sign-in in this browser. Start it again.")
    try:
        who = complete(provider, redirect_uri(), kept, request.GET.dict())
        user = Identity.person(who.issuer, who.subject, who.email, who.role)
    except (SignInRefused, NoAccount) as error:
        logger.warning("a sign-in with %s was refused: %s", provider.label, error)
        AuditEvent.record(AuditEvent.Action.SIGN_IN_REFUSED, f"with {provider.label}: {error}")
        return refusal(request, provider, str(error))
    login(request, user, backend=BACKEND)
    AuditEvent.record(AuditEvent.Action.SIGNED_IN, f"with {provider.label}", by=user)
    return redirect("home")


def refusal(request: HttpRequest, provider: SignInProvider, error: str) -> HttpResponse:
    return render(request, "sign_in/refused.html", {"error": error, "provider": provider}, status=403)


def provider_or_404() -> SignInProvider:
    provider = sign_in_provider()
    if provider is None:
        raise Http404("no provider is configured")
    return provider


def redirect_uri() -> str:
    """What has to be registered with the provider."""
    return f"{settings.PUBLIC_URL}{reverse('provider-sign-in-callback')}"
