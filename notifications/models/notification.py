"""What Reports > Notifications lists: who gets a mail about which completions."""

from django.db import models

from notifications.models.completion import Completion


class Notification(models.Model):
    """A rule. Empty outcomes and empty globs match everything; a glob is `*` and `?`, case-insensitive."""

    name = models.CharField(max_length=200, unique=True)
    kind = models.CharField(
        max_length=12,
        choices=[("deployment", "Post deployment"), ("schedule", "Post schedule")],
        default=Completion.Kind.DEPLOYMENT,
    )
    enabled = models.BooleanField(default=True)
    outcomes = models.JSONField(default=list, blank=True)
    package_glob = models.CharField(max_length=300, blank=True)
    schedule_glob = models.CharField(max_length=300, blank=True)
    source_glob = models.CharField(max_length=300, blank=True)
    # Lists of addresses, as typed: `Name <a@b>` or `a@b`.
    to = models.JSONField(default=list)
    cc = models.JSONField(default=list, blank=True)
    bcc = models.JSONField(default=list, blank=True)
    reply_to = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def recipient_count(self) -> int:
        return len(self.to) + len(self.cc) + len(self.bcc)
