"""Reports > Completions > Refused reports: those under the source and ID of another one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from notifications.models import ReportConflict
from notifications.paging import paginate


@require_safe
def report_conflicts(request: HttpRequest) -> HttpResponse:
    page = paginate(ReportConflict.objects.select_related("completion", "message"), request.GET)
    return render(request, "completions/conflicts.html", {"page": page})
