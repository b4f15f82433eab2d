"""System > Audit: who changed what, newest first."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from notifications.downloads import Columns, csv_download
from notifications.forms.filters import AuditFilter
from notifications.models import AuditEvent
from notifications.paging import paginate
from notifications.views.audit_words import fields_in_words, told
from notifications.views.exports import export_of

COLUMNS: Columns = {
    "Number": lambda event: event.pk,
    "When": lambda event: event.at,
    "What": lambda event: event.get_action_display(),
    "About": lambda event: event.subject,
    "Who": lambda event: event.who,
    "From": lambda event: event.origin,
    "Fields": lambda event: "; ".join(fields_in_words(event)),
    "Hash": lambda event: event.hash,
}


@require_safe
@never_cache
def audit(request: HttpRequest) -> HttpResponse:
    form = AuditFilter(request.GET)
    page = paginate(form.apply(AuditEvent.objects.all()), request.GET)
    return render(request, "audit/list.html", {"form": form, "page": page, "rows": told(page.rows)})


@export_of("audit", AuditFilter)
def export(form: AuditFilter) -> HttpResponseBase:
    return csv_download("audit", COLUMNS, form.apply(AuditEvent.objects.all()))
