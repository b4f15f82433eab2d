"""Who comes in, who goes, and who tried too often."""

from typing import Any

from axes.signals import user_locked_out
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from notifications.forms.sign_in import SignInForm
from notifications.lock_out import seconds_left
from notifications.models import AuditEvent
from notifications.oauth.sign_in import sign_in_provider

A_STRANGER = "a name that is no account's"


class SignInView(auth_views.LoginView):
    template_name = "sign_in/page.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(provider=sign_in_provider(), has_lost="unsaved" in self.request.GET, **context)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        answer = super().form_valid(form)
        AuditEvent.record(AuditEvent.Action.SIGNED_IN, by=form.get_user())
        return answer


sign_in = login_not_required(never_cache(SignInView.as_view()))
sign_out = auth_views.LogoutView.as_view()


@receiver(user_login_failed)
def refused(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """One event for each real try; what is tried while shut out is not looked at."""
    if not getattr(request, "axes_locked_out", False):
        AuditEvent.record(AuditEvent.Action.SIGN_IN_REFUSED, known_name(credentials.get("username", "")))


@receiver(user_locked_out)
def locked(request: HttpRequest, username: str, **_: Any) -> None:
    """Sent again for whatever is tried while locked, and then nothing was counted."""
    if getattr(request, "axes_failures_since_start", None):
        AuditEvent.record(AuditEvent.Action.SIGN_IN_LOCKED, known_name(username))


def known_name(typed: str) -> str:
    """What stands in the field of the name may be a password, typed into the wrong one."""
    return str(User.objects.filter(username=typed).values_list("username", flat=True).first() or A_STRANGER)


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    """The same for a name that exists and for one that does not."""
    minutes = -(-seconds_left(request) // 60)
    answer = render(request, "sign_in/locked.html", {"minutes": minutes}, status=429)
    answer["Retry-After"] = str(minutes * 60)
    answer["Cache-Control"] = "no-store"
    return answer
