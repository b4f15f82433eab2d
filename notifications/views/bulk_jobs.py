"""Reports > Deliveries: the same for many mails at once, asked first and followed until it is done."""

import uuid as uuids
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods
from django.views.decorators.vary import vary_on_headers

from notifications.bulk import jobs
from notifications.bulk.tasks import run_bulk_job
from notifications.delivery.hints import publish
from notifications.forms.bulk_job import BulkJobForm
from notifications.models import BulkJob, Message


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
        return ask(request, form, count)
    return redirect("bulk-job", begun(request, form).uuid)


@require_GET
@never_cache
@vary_on_headers("HX-Request")
def bulk_job(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """How far it is; a poll gets the part that changes."""
    job = get_object_or_404(BulkJob.objects.select_related("by"), uuid=uuid)
    is_poll = request.headers.get("HX-Request") == "true"
    context = {"job": job, "is_cancel": job.kind == BulkJob.Kind.CANCEL}
    return render(request, f"bulk_jobs/{'_progress' if is_poll else 'detail'}.html", context)


def begun(request: HttpRequest, form: BulkJobForm) -> BulkJob:
    job = BulkJob(kind=form.value("do"), filter=form.which[:500], by_id=request.user.pk)
    job.uuid = form.value("uuid") or job.uuid
    jobs.begin(job, form.chosen)
    publish(run_bulk_job, job.pk)
    return job


def too_many(count: int) -> str:
    return f"{count:,} mails are too many for one go: narrow the filter to {jobs.MOST_MAILS:,} at most."


def ask(request: HttpRequest, form: BulkJobForm, count: int) -> HttpResponse:
    is_cancel = form.value("do") == BulkJob.Kind.CANCEL
    mails = counted(count)
    question = {
        "title": f"Cancel {mails}?" if is_cancel else f"Resend {mails}?",
        "text": f"Chosen by {form.words}." if form.words and not form.value("mail") else f"Chosen: {form.which}.",
        "consequences": if_cancelled() if is_cancel else if_resent(form),
        "action": reverse("bulk-jobs"),
        "verb": f"Cancel {mails}" if is_cancel else f"Resend {mails}",
        "back": f"{reverse('deliveries')}?{filter_query(form)}",
        "danger": is_cancel,
        "hidden": [*posted_along(form), ("uuid", uuids.uuid4()), ("counted", count)],
    }
    if request.method == "POST":
        question["text"] = f"By now there are more of them: {mails}. {question['text']}"
    return render(request, "parts/confirm.html", question)


def if_cancelled() -> list[str]:
    return [
        "They are taken out of the queue and not tried again. Each can be resent later.",
        "What goes out before its turn comes stays sent, and is counted.",
    ]


def if_resent(form: BulkJobForm) -> list[str]:
    """Who will get a second mail is what one wants to know before."""
    reached = form.chosen.filter(state=Message.State.SENT).count()
    missed = form.chosen.count() - reached
    again = form.chosen.filter(Exists(Message.objects.filter(resend_of=OuterRef("pk")))).count()
    told = ["Each is queued as a new mail with a Message-ID of its own."]
    if missed:
        told.append(
            f"{counted(missed)} of them: only to the recipients that were not reached, or to all if none was missed."
        )
    if reached:
        told.append(f"{counted(reached)} of them reached everybody: every recipient gets a second copy.")
    if again:
        told.append(f"{counted(again)} of them had been resent before.")
    return told


def nothing(form: BulkJobForm) -> str:
    if form.value("do") == BulkJob.Kind.CANCEL:
        return "None of these mails is queued, so there is nothing to cancel."
    return "All of these mails are still on their way, so there is nothing to resend."


def counted(count: int) -> str:
    return f"{count:,} mail{'' if count == 1 else 's'}"


def posted_along(form: BulkJobForm) -> list[tuple[str, Any]]:
    ticked = [("mail", key) for key in form.value("mail")]
    return [
        ("do", form.value("do")),
        *ticked,
        *((name, form.data[name]) for name in form.narrowing if form.data.get(name)),
    ]


def filter_query(form: BulkJobForm) -> str:
    """The list's own, as it was when the question came up."""
    return urlencode({name: form.data[name] for name in form.narrowing if form.data.get(name)})
