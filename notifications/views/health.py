"""For monitors: alive, and ready."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from notifications.health import examine


@login_not_required
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The web process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Mail can go out; 503 and the reason when it cannot."""
    parts = examine()
    ok = all(part.ok for part in parts)
    body = {part.name: {"ok": part.ok, "text": part.text, **part.figures} for part in parts}
    return JsonResponse({"ok": ok, **body}, status=200 if ok else 503)
