"""Who changed what, and who tried: written once, never changed."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from notifications import origin


class AuditEvent(models.Model):
    """Names of changed fields, never their values: some of them are secrets."""

    class Action(models.TextChoices):
        MAIL_SERVER_SAVED = "mail_server_saved", "Mail server saved"
        CONSENT_GIVEN = "consent_given", "OAuth2 connected"
        CONSENT_REFUSED = "consent_refused", "OAuth2 sign-in refused"
        CONSENT_FORGOTTEN = "consent_forgotten", "OAuth2 disconnected"
        SAFETY_CHANGED = "safety_changed", "Safety changed"
        TOKEN_MADE = "token_made", "API token made"
        TOKEN_REVOKED = "token_revoked", "API token revoked"

    at = models.DateTimeField(default=timezone.now)
    action = models.CharField(max_length=30, choices=Action)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    # Kept beside the account, which may be deleted.
    actor_name = models.CharField(max_length=150, blank=True)
    origin = models.CharField(max_length=100, blank=True)
    subject = models.CharField(max_length=500, blank=True)
    fields = models.JSONField(default=list)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_action_display()}: {self.subject}"

    @classmethod
    def record(cls, action: Action, subject: str = "", *, by: Any = None, fields: Iterable[str] = ()) -> None:
        """`by` is a user or None; where from is taken from the present request or command."""
        actor = by if getattr(by, "pk", None) else None
        cls.objects.create(
            action=action,
            actor=actor,
            actor_name=str(actor or ""),
            origin=origin.current()[:100],
            subject=subject[:500],
            fields=sorted(fields),
        )

    def save(self, *args: Any, **options: Any) -> None:
        if self.pk is not None:
            raise TypeError("an audit event is never changed")
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("an audit event is never deleted")
