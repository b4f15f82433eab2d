"""After a restore: what waits, and an administrator's decision about it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from notifications.access import may
from notifications.delivery.outbox import wake
from notifications.delivery.restore_decision import (
    Choice,
    Decision,
    by_age,
    decide,
    discarded,
    reported_since,
    uncertain,
)
from notifications.digests.tell import tell_what_is_due
from notifications.forms.restoration import RestoreDecisionForm
from notifications.models import Message, Restoration

DECIDED = "There is nothing to decide: email is not on hold after a restore."


@require_safe
@never_cache
def restoration(request: HttpRequest) -> HttpResponse:
    row = Restoration.load()
    if not row.is_pending:
        return nothing_to_decide(request)
    return shown(request, row, RestoreDecisionForm())


@require_http_methods(["GET", "POST"])
@never_cache
def decision(request: HttpRequest) -> HttpResponse:
    """Ask with the numbers, then do it."""
    row = Restoration.load()
    if not row.is_pending:
        return nothing_to_decide(request)
    form = RestoreDecisionForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        return shown(request, row, form, status=422)
    # Digests that were due before the restore, so that they belong to the decision too.
    tell_what_is_due()
    if request.method == "GET":
        return render(request, "parts/confirm.html", question(row, form.decision))
    outcome = decide(form.decision, by=request.user)
    wake()
    messages.success(request, done(*outcome) if outcome else DECIDED)
    return redirect("deliveries")


def nothing_to_decide(request: HttpRequest) -> HttpResponse:
    messages.info(request, DECIDED)
    return redirect("deliveries")


def shown(request: HttpRequest, row: Restoration, form: RestoreDecisionForm, status: int = 200) -> HttpResponse:
    now, count = timezone.now(), uncertain(row).count()
    since = reported_since(row).count()
    others = Message.objects.filter(state=Message.State.QUEUED).exclude(kind=Message.Kind.TEST).count() - count
    context = {
        "restoration": row,
        "form": form,
        "may_decide": may(request.user, "restoration-decision", "POST"),
        "in_backup": count - since,
        "since": since,
        "others": others,
        "ages": list(by_age(row, now)) if count else [],
    }
    return render(request, "restoration/page.html", context, status=status)


def question(row: Restoration, chosen: Decision) -> dict[str, object]:
    total = uncertain(row).count()
    dropped = discarded(row, chosen, timezone.now()).count()
    sent = total - dropped
    consequences = [
        f"{emails(sent)} sent. Recipients who got one before the restore get a second copy.",
        f"{emails(dropped)} discarded, and listed as cancelled under Reports > Deliveries, where you can resend them.",
        "All other email flows again.",
    ]
    verb = {
        Choice.SEND: f"Send {number(sent)}",
        Choice.DISCARD: f"Discard {number(dropped)}",
        Choice.YOUNGER: f"Send {sent:,}, discard {dropped:,}",
    }[chosen.choice]
    return {
        "title": f"{verb}?",
        "text": f"You chose: {chosen}.",
        "consequences": [
            *([consequences[0]] if sent else []),
            *([consequences[1]] if dropped else []),
            consequences[2],
        ],
        "action": reverse("restoration-decision"),
        "verb": verb,
        "back": reverse("restoration"),
        "keep": "Keep all email on hold",
        "danger": bool(dropped),
        "hidden": [("choice", chosen.choice), *([("hours", chosen.hours)] if chosen.hours else [])],
    }


def number(count: int) -> str:
    return f"{count:,} email{'' if count == 1 else 's'}"


def emails(count: int) -> str:
    return f"{number(count)} {'is' if count == 1 else 'are'}"


def done(sent: int, dropped: int) -> str:
    return f"Email flows again. Of those that waited, {sent:,} will be sent and {dropped:,} were discarded."
