"""What keeps mail from going where it should not, whatever notifications say."""

from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from notifications.models.audit import AuditEvent, changed_field
from notifications.models.singleton import Singleton

CHANGES_LOOKED_AT = 200


class Safety(Singleton):
    """Checked when a mail is about to leave, so that it holds for mail that was queued before, too."""

    # Notification mail waits while this is on; tests still go.
    paused = models.BooleanField(default=False)
    # Domains, lower case; empty for any. Recipients elsewhere are refused, each with the reason.
    allowed_domains = models.JSONField(default=list, blank=True)
    # The one address that gets every mail in place of its recipients; empty for nobody.
    reroute_to = models.CharField(max_length=320, blank=True)
    changed_at = models.DateTimeField(null=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)

    class Meta:
        verbose_name_plural = "safety"
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_safety")]

    def __str__(self) -> str:
        parts = (
            "mail is paused" if self.paused else "",
            f"only to {', '.join(self.allowed_domains[:3])}" if self.allowed_domains else "",
            f"everything goes to {self.reroute_to}" if self.reroute_to else "",
        )
        return ", ".join(filter(None, parts)) or "nothing is held back"

    def change(self, values: dict[str, Any], *, by: Any = None) -> bool:
        """Take `values` by column name; whether there was any news among them, which is then in the audit."""
        changed = [name for name, value in values.items() if getattr(self, name) != value]
        if not changed:
            return False
        for name in changed:
            setattr(self, name, values[name])
        self.changed_at, self.changed_by = timezone.now(), by if getattr(by, "pk", None) else None
        self.save()
        fields = [changed_field(name, values[name]) for name in changed]
        AuditEvent.record(AuditEvent.Action.SAFETY_CHANGED, str(self), by=by, fields=fields)
        return True

    @cached_property
    def pause(self) -> AuditEvent | None:
        """Who paused mail, and when; None while it is not paused."""
        return self._last_change_of("paused") if self.paused else None

    @cached_property
    def reroute(self) -> AuditEvent | None:
        """Who sent all mail to one address, and when; None while nobody does."""
        return self._last_change_of("reroute_to") if self.reroute_to else None

    def allows(self, address: str) -> bool:
        return not self.allowed_domains or address.rpartition("@")[2].lower() in self.allowed_domains

    @staticmethod
    def _last_change_of(name: str) -> AuditEvent | None:
        changes = AuditEvent.objects.filter(action=AuditEvent.Action.SAFETY_CHANGED)[:CHANGES_LOOKED_AT]
        return next((change for change in changes if name in change.fields), None)
