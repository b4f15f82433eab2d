"""System > Audit: who changed what, newest first."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from notifications.models import AuditEvent
from notifications.paging import paginate


@require_GET
@never_cache
def audit(request: HttpRequest) -> HttpResponse:
    return render(request, "audit/list.html", {"page": paginate(AuditEvent.objects.all(), request.GET)})
