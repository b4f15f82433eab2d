"""What keeps mail from going where it should not, whatever notifications say."""

from django.conf import settings
from django.db import models

from notifications.models.mail_server import Singleton


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
        parts = ("paused" if self.paused else "", f"rerouted to {self.reroute_to}" if self.reroute_to else "")
        return ", ".join(filter(None, parts)) or "nothing held back"

    def allows(self, address: str) -> bool:
        return not self.allowed_domains or address.rpartition("@")[2].lower() in self.allowed_domains
