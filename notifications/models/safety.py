"""What keeps mail from going where it should not, whatever notifications say."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from notifications.models.audit import AuditEvent, changed_field
from notifications.models.singleton import Singleton

DOMAINS_NAMED = 3


class Safety(Singleton):
    """Checked when a mail is about to leave, so that it holds for mail that was queued before, too."""

    # Notification mail waits while this is on; tests still go.
    paused = models.BooleanField(default=False)
    # Domains, lower case; empty for any. Recipients elsewhere are refused, each with the reason.
    allowed_domains = models.JSONField(default=list, blank=True)
    # The one address that gets every mail in place of its recipients; empty for nobody.
    reroute_to = models.CharField(max_length=320, blank=True)
    # Who stopped the mail is asked after long after something else was changed.
    paused_at = models.DateTimeField(null=True)
    paused_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    changed_at = models.DateTimeField(null=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)

    class Meta:
        verbose_name_plural = "safety"
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_safety")]

    def __str__(self) -> str:
        parts = (
            "notification mail is paused" if self.paused else "",
            f"only recipients at {self.domain_words} get mail" if self.allowed_domains else "",
            f"all mail goes to {self.reroute_to}" if self.reroute_to else "",
        )
        return "; ".join(filter(None, parts)) or "nothing is held back"

    @property
    def domain_words(self) -> str:
        """`a.com or b.com`, `a.com, b.com, c.com or 7 others`"""
        named, more = self.allowed_domains[:DOMAINS_NAMED], len(self.allowed_domains) - DOMAINS_NAMED
        names = [*named, f"{more} other{'' if more == 1 else 's'}"] if more > 0 else named
        return " or ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))

    def change(self, values: dict[str, Any], *, by: Any = None) -> bool:
        """Take `values` by column name; whether there was any news among them, which is then in the audit."""
        changed = [name for name, value in values.items() if getattr(self, name) != value]
        if not changed:
            return False
        for name in changed:
            setattr(self, name, values[name])
        self.changed_at, self.changed_by = timezone.now(), by if getattr(by, "pk", None) else None
        if "paused" in changed:
            self.paused_at, self.paused_by = (self.changed_at, self.changed_by) if self.paused else (None, None)
        self.save()
        fields = [changed_field(name, values[name]) for name in changed]
        AuditEvent.record(AuditEvent.Action.SAFETY_CHANGED, str(self), by=by, fields=fields)
        return True

    def allows(self, address: str) -> bool:
        return not self.allowed_domains or address.rpartition("@")[2].lower() in self.allowed_domains
