"""System > People: who has an account, as what, and who is invited."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from notifications.access import role_of
from notifications.forms.people import WHAT_ROLES_MAY, InvitationForm
from notifications.models import Invitation
from notifications.paging import paginate
from notifications.views import shown_once

INVITATIONS_SHOWN = 20


@never_cache
@require_http_methods(["GET", "POST"])
def people(request: HttpRequest) -> HttpResponse:
    form = InvitationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return invite(request, form)
    users = User.objects.annotate(session_count=Count("browser_sessions"))
    page = paginate(users, request.GET, key="username")
    context = {
        "form": form,
        "page": page,
        "rows": [(user, role_of(user).word) for user in page.rows],
        "invitations": Invitation.objects.select_related("created_by", "used_by")[:INVITATIONS_SHOWN],
        "roles": WHAT_ROLES_MAY,
    }
    return render(request, "people/list.html", context, status=422 if form.errors else 200)


@sensitive_variables("token")
def invite(request: HttpRequest, form: InvitationForm) -> HttpResponse:
    made, token = Invitation.issue(form.cleaned_data["whom"], form.cleaned_data["role"], by=request.user)
    shown_once.keep(request.session, f"invitation-{made.pk}", token)
    return redirect("invitation-made", made.pk)


@require_safe
@never_cache
@sensitive_variables("token", "link")
def made(request: HttpRequest, pk: int) -> HttpResponse:
    """The link, to whoever made it and once; a reload leads back to the list."""
    invitation = get_object_or_404(Invitation, pk=pk)
    if token := shown_once.take(request.session, f"invitation-{pk}"):
        link = f"{settings.PUBLIC_URL}{reverse('invitation', args=[token])}"
        return render(request, "people/invited.html", {"invitation": invitation, "link": link})
    text = f"The link for {invitation.whom} is shown once, right after it is made. Revoke it and make another."
    messages.info(request, text)
    return redirect("people")


@require_POST
def invitation_revocation(request: HttpRequest, pk: int) -> HttpResponse:
    invitation = get_object_or_404(Invitation, pk=pk)
    if invitation.revoke(by=request.user):
        messages.success(request, f"The link for {invitation.whom} leads nowhere any more.")
    else:
        messages.info(request, f"The invitation of {invitation.whom} was {invitation.state} already.")
    return redirect("people")
