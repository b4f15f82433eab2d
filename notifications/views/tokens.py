"""System > API tokens: the keys that deployment tools report with."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from notifications.forms.api_token import ApiTokenForm
from notifications.models import ApiToken
from notifications.paging import paginate
from notifications.views.examples import curl_line


@never_cache
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    form = ApiTokenForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return made(request, form.cleaned_data["name"])
    page = paginate(ApiToken.objects.select_related("created_by"), request.GET)
    return render(request, "tokens/list.html", {"form": form, "page": page})


@sensitive_variables("secret")
def made(request: HttpRequest, name: str) -> HttpResponse:
    """The answer to the POST itself: a redirect would have to keep the secret somewhere in between."""
    token, secret = ApiToken.issue(name, by=request.user)
    return render(request, "tokens/made.html", {"token": token, "secret": secret, "curl": curl_line()})


@require_http_methods(["GET", "POST"])
def revocation(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(ApiToken, pk=pk)
    if token.revoked_at:
        messages.info(request, f"“{token.name}” is revoked already.")
        return redirect("tokens")
    if request.method == "POST":
        token.revoke(by=request.user)
        messages.success(request, f"“{token.name}” is revoked: reports with it are refused from now on.")
        return redirect("tokens")
    question = {
        "title": f"Revoke “{token.name}”?",
        "text": f"The token {token.prefix}… stops working at once and for good.",
        "consequences": ["Whatever still reports with it is answered 401.", "What it reported stays."],
        "action": request.path,
        "verb": f"Revoke “{token.name}”",
        "back": "../../",
        "danger": True,
    }
    return render(request, "parts/confirm.html", question)
