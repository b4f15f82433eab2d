"""System > API tokens: the keys that deployment tools report with."""

from cryptography.fernet import InvalidToken
from django.contrib import messages
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from notifications.forms.api_token import ApiTokenForm, TokenLimitsForm
from notifications.forms.typed_secret import fernet
from notifications.models import ApiToken
from notifications.paging import paginate
from notifications.views.examples import curl_line

UNSEEN = "unseen_token"
KEPT_SECONDS = 60


@never_cache
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    form = ApiTokenForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return make(request, form)
    if (unseen := request.session.get(UNSEEN)) and unseen["name"] == form.data.get("name", "").strip():
        return redirect("token", unseen["pk"])  # the second of two clicks
    page = paginate(ApiToken.objects.select_related("created_by"), request.GET)
    return render(request, "tokens/list.html", {"form": form, "page": page})


@sensitive_variables("secret")
def make(request: HttpRequest, form: ApiTokenForm) -> HttpResponse:
    wanted = form.cleaned_data
    token, secret = ApiToken.issue(wanted["name"], wanted["scopes"], by=request.user, **form.limits)
    sealed = fernet().encrypt(secret.encode()).decode()
    request.session[UNSEEN] = {"pk": token.pk, "name": token.name, "sealed": sealed}
    return redirect("token", token.pk)


@require_safe
@never_cache
@sensitive_variables("secret")
def made(request: HttpRequest, pk: int) -> HttpResponse:
    """The new token, to whoever made it and once; a reload leads back to the list."""
    token = get_object_or_404(ApiToken, pk=pk)
    if secret := unseen_secret(request.session, pk):
        return render(request, "tokens/made.html", {"token": token, "secret": secret, "curl": curl_line()})
    text = f"The token “{token.name}” is shown once, right after it is made. If it is lost, revoke it and make another."
    messages.info(request, text)
    return redirect("tokens")


@sensitive_variables("secret")
def unseen_secret(session: SessionBase, pk: int) -> str:
    """What `make` left behind for the page after it, encrypted and for a minute."""
    left = session.get(UNSEEN, {})
    if left.get("pk") != pk:
        return ""
    del session[UNSEEN]
    try:
        return str(fernet().decrypt(left["sealed"].encode(), ttl=KEPT_SECONDS).decode())
    except InvalidToken:
        return ""


@require_http_methods(["GET", "POST"])
def limits(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(ApiToken, pk=pk)
    if token.revoked_at:
        messages.info(request, f"“{token.name}” is revoked already.")
        return redirect("tokens")
    form = TokenLimitsForm.of(token, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        changed = token.change(form.limits, by=request.user)
        messages.success(request, f"The limits of “{token.name}” are {'saved' if changed else 'unchanged'}.")
        return redirect("tokens")
    return render(request, "tokens/limits.html", {"token": token, "form": form})


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
        "text": f"The token {token.prefix}… stops working immediately and permanently.",
        "consequences": ["Whatever still reports with it gets the answer 401.", "What it reported stays."],
        "action": request.path,
        "verb": f"Revoke “{token.name}”",
        "back": "../../",
        "danger": True,
    }
    return render(request, "parts/confirm.html", question)
