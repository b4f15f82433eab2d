"""Reports > Notifications > Simulator: one completion against every notification."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from notifications.forms.filters import CompletionFilter
from notifications.forms.trial import TrialForm
from notifications.models import Completion, Notification
from notifications.views.notification_trials import HASTY, sent_to_me
from notifications.views.test_emails import is_hasty
from notifications.views.verdicts import judged

OFFERED = 10
VERDICTS_SHOWN = 100


@require_safe
def simulator(request: HttpRequest) -> HttpResponse:
    form = CompletionFilter(request.GET)
    offered = list(form.apply(Completion.objects.all()).order_by("-id")[:OFFERED])
    chosen = chosen_completion(request.GET.get("completion", ""))
    found = judged(chosen) if chosen else []
    context = {
        "form": form,
        "offered": offered,
        "completion": chosen,
        "fires": sum(each.verdict.fires for each in found),
        "judged": Paginator(found, VERDICTS_SHOWN).get_page(request.GET.get("page")),
        "trial": TrialForm(initial={"test_to": getattr(request.user, "email", "")}),
    }
    return render(request, "notifications/simulator.html", context)


@require_http_methods(["GET", "POST"])
def test_emails(request: HttpRequest, pk: int) -> HttpResponse:
    """Send a notification as it is stored to one address, about a chosen completion."""
    notification, trial = get_object_or_404(Notification, pk=pk), TrialForm(request.POST)
    if request.method == "POST" and trial.is_valid() and not is_hasty(request):
        return redirect("delivery", sent_to_me(request, notification, trial).uuid)
    if request.method == "POST":
        sentences = [str(error) for errors in trial.errors.values() for error in errors]
        messages.error(request, f"Nothing was sent. {' '.join(sentences) or HASTY}")
    example = chosen_completion(request.POST.get("example", ""))
    return redirect(f"{reverse('simulator')}{f'?completion={example.uuid}' if example else ''}")


def chosen_completion(text: str) -> Completion | None:
    try:
        return Completion.objects.filter(uuid=UUID(text)).first()
    except ValueError:
        return None
