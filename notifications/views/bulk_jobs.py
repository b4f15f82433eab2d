"""Reports > Deliveries: the same for many mails at once, asked first and followed until it is done."""

from contextlib import suppress
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db import IntegrityError
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from notifications.bulk import jobs
from notifications.delivery.hints import publish
from notifications.forms.bulk_job import BulkJobForm
from notifications.models import BulkJob, Message
from notifications.snapshot import snapshot
from notifications.views.bulk_questions import nothing, question, too_many


@never_cache
@require_http_methods(["GET", "POST"])
def bulk_jobs(request: HttpRequest) -> HttpResponse:
    form = BulkJobForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        raise Http404("There is nothing that could be done so.")
    if request.method == "POST" and (known := BulkJob.objects.filter(uuid=form.value("uuid")).first()):
        return redirect("bulk-job", known.uuid)  # the second of two clicks
    count = form.chosen.count()
    if not count:
        messages.info(request, nothing(form))
        return redirect(f"{reverse('deliveries')}?{filter_query(form)}")
    if count > jobs.MOST_MAILS:
        messages.warning(request, too_many(count))
        return redirect(f"{reverse('deliveries')}?{filter_query(form)}")
    if request.method == "GET" or count > (form.value("counted") or 0):
        back = f"{reverse('deliveries')}?{filter_query(form)}"
        asked = question(form, count, back=back, anew=request.method == "POST")
        return render(request, "parts/confirm.html", asked)
    return redirect("bulk-job", begun(request, form))


@require_POST
def stops(request: HttpRequest, uuid: UUID) -> HttpResponse:
    job = get_object_or_404(BulkJob, uuid=uuid)
    if not jobs.stop(job.pk, by=request.user):
        messages.info(request, "It had come to its end by itself.")
    return redirect("bulk-job", uuid)


@require_safe
@never_cache
@vary_on_headers("HX-Request")
@snapshot()
def bulk_job(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """How far it is; a poll gets the part that changes."""
    job = get_object_or_404(BulkJob.objects.select_related("by"), uuid=uuid)
    is_poll = request.headers.get("HX-Request") == "true"
    results = results_of(job) if job.is_finished else []
    context = {"job": job, "is_cancel": job.kind == BulkJob.Kind.CANCEL, "results": results}
    return render(request, f"bulk_jobs/{'_progress' if is_poll else 'detail'}.html", context)


def begun(request: HttpRequest, form: BulkJobForm) -> UUID:
    job = BulkJob(kind=form.value("do"), filter=form.which[:500], by_id=request.user.pk)
    job.uuid = form.value("uuid") or job.uuid
    # The first of two clicks at the same moment has begun it.
    with suppress(IntegrityError):
        jobs.begin(job, form.chosen)
        publish(jobs.RUN, job.pk)
    return job.uuid


def results_of(job: BulkJob) -> list[tuple[str, str]]:
    """The states that its mails are in by now, and how many are in each."""
    counted = job.results.order_by("message__state").values_list("message__state").annotate(Count("pk"))
    return [(state, f"{count:,} {Message.State(state).label.lower()}") for state, count in counted]


def filter_query(form: BulkJobForm) -> str:
    """The list's own, as it was when the question came up."""
    return urlencode({name: form.data[name] for name in form.narrowing if form.data.get(name)})
