"""From which browsers somebody is in."""

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import models, transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from notifications import origin
from notifications.database_writes import best_effort
from notifications.models.audit import AuditEvent

SEEN_RESOLUTION = timedelta(minutes=1)
SESSION_NAME = "browser_session"
# The first mark that is there decides: each browser says that it is those before it, too.
BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


class BrowserSession(models.Model):
    """Somebody signed in in one browser. The session knows this row's key; without the row it is over."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="browser_sessions")
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    origin = models.CharField(max_length=100, blank=True)
    browser = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return f"{self.user} from {self.origin}"

    @property
    def browser_name(self) -> str:
        """In two words, for people; the whole line says more than they want to know."""
        name = next((name for mark, name in BROWSERS if mark in self.browser), "Some program")
        system = next((name for mark, name in SYSTEMS if mark in self.browser), "")
        return f"{name} on {system}" if system else name

    @classmethod
    def begin(cls, request: HttpRequest, user: User) -> None:
        """Called at every sign-in, by whatever way."""
        browser = request.META.get("HTTP_USER_AGENT", "")[:300]
        begun = cls.objects.create(user=user, origin=origin.current()[:100], browser=browser)
        request.session[SESSION_NAME] = str(begun.pk)

    @classmethod
    def of(cls, request: HttpRequest) -> "BrowserSession | None":
        """The present one, while it is open."""
        found = cls.objects.filter(pk=request.session.get(SESSION_NAME), user=request.user.pk).first()
        return found if found and not found.is_over else None

    @classmethod
    def forget_over(cls) -> None:
        cls.objects.filter(seen_at__lt=timezone.now() - settings.SESSION_IDLE).delete()

    @classmethod
    def open_of(cls, user: User) -> "models.QuerySet[BrowserSession]":
        return cls.objects.filter(user=user, seen_at__gt=timezone.now() - settings.SESSION_IDLE)

    @property
    def is_over(self) -> bool:
        return timezone.now() - self.seen_at > settings.SESSION_IDLE

    def see(self) -> None:
        """Note the request, at most once a minute: a write for each would cost more than the page."""
        if timezone.now() - self.seen_at > SEEN_RESOLUTION:
            # The page that says that the disk is full must not need the disk.
            row = type(self).objects.filter(pk=self.pk)
            best_effort(lambda: row.update(seen_at=timezone.now()))


@receiver(user_logged_in)
def begin_session(request: HttpRequest, user: User, **_: Any) -> None:
    BrowserSession.begin(request, user)


@receiver(user_logged_out)
def end_session(request: HttpRequest, user: User | None, **_: Any) -> None:
    """Sent before the session is emptied."""
    if user and (present := BrowserSession.of(request)):
        present.delete()
        AuditEvent.record(AuditEvent.Action.SIGNED_OUT, by=user)


@transaction.atomic
def end_sessions(user: User, *, by: Any, only: Any = None, but: BrowserSession | None = None) -> int:
    """All of them, one, or all but one; how many there were."""
    sessions = BrowserSession.objects.filter(user=user)
    if only is not None:
        sessions = sessions.filter(pk=only)
    if but:
        sessions = sessions.exclude(pk=but.pk)
    ended, _ = sessions.delete()
    if ended:
        AuditEvent.record(AuditEvent.Action.SESSIONS_ENDED, f"{ended} of {user}", by=by)
    return ended
