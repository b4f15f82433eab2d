"""What Reports > Notifications lists: who gets a mail about which completions."""

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from notifications.models.completion import Completion


class History(models.TextChoices):
    """What a completion means after those before it in its series: the same source, kind, package and schedule."""

    FIRST_FAILURE = "first_failure", "First failure"
    STILL_FAILING = "still_failing", "Still failing"
    RECOVERED = "recovered", "Recovered"


class Day(models.TextChoices):
    MONDAY = "mon", "Monday"
    TUESDAY = "tue", "Tuesday"
    WEDNESDAY = "wed", "Wednesday"
    THURSDAY = "thu", "Thursday"
    FRIDAY = "fri", "Friday"
    SATURDAY = "sat", "Saturday"
    SUNDAY = "sun", "Sunday"


class OutsideHours(models.TextChoices):
    WAIT = "wait", "Wait until the hours begin"
    DROP = "drop", "Send no mail"


class Digest(models.TextChoices):
    """How often one mail tells of everything since the last."""

    MINUTES = "minutes", "Every few minutes"
    HOURLY = "hourly", "Every full hour"
    DAILY = "daily", "Once a day"
    WEEKLY = "weekly", "Once a week"


class Notification(models.Model):
    """A rule. Every condition must hold; an empty one always does. A glob is `*` and `?`, case-insensitive."""

    name = models.CharField(max_length=200, unique=True)
    kind = models.CharField(
        max_length=12,
        choices=[("deployment", "Post deployment"), ("schedule", "Post schedule")],
        default=Completion.Kind.DEPLOYMENT,
    )
    enabled = models.BooleanField(default=True)

    # --- when ---
    outcomes = models.JSONField(default=list, blank=True)
    history = models.JSONField(default=list, blank=True)
    # Of the failures in a row after the first, every n-th counts as still failing.
    still_failing_every = models.PositiveIntegerField(default=1)
    min_failed_percent = models.PositiveSmallIntegerField(null=True, blank=True)
    min_failed_targets = models.PositiveIntegerField(null=True, blank=True)
    longer_than_minutes = models.PositiveIntegerField(null=True, blank=True)
    name_glob = models.CharField(max_length=300, blank=True)
    package_glob = models.CharField(max_length=300, blank=True)
    version_glob = models.CharField(max_length=300, blank=True)
    schedule_glob = models.CharField(max_length=300, blank=True)
    source_glob = models.CharField(max_length=300, blank=True)
    user_glob = models.CharField(max_length=300, blank=True)
    # Holds when one target at least is named so.
    target_glob = models.CharField(max_length=300, blank=True)
    days = models.JSONField(default=list, blank=True)
    # From, until: an until that is earlier is the next day's. Both empty: the whole day.
    hours_from = models.TimeField(null=True, blank=True)
    hours_until = models.TimeField(null=True, blank=True)
    # An IANA name; empty for the installation's. For hours and digests.
    time_zone = models.CharField(max_length=64, blank=True)
    outside_hours = models.CharField(max_length=4, choices=OutsideHours, default=OutsideHours.WAIT)

    # --- who: as typed, `Name <a@b>`, `a@b`, `user:ada` or `group:Operators` ---
    to = models.JSONField(default=list)
    cc = models.JSONField(default=list, blank=True)
    bcc = models.JSONField(default=list, blank=True)
    reply_to = models.JSONField(default=list, blank=True)

    # --- how it reads: empty for the default ---
    subject_template = models.CharField(max_length=500, blank=True)
    text_template = models.TextField(blank=True)
    html_template = models.TextField(blank=True)
    attach_csv = models.BooleanField(default=False)
    attach_html = models.BooleanField(default=False)

    # --- not too many ---
    digest = models.CharField(max_length=8, choices=Digest, blank=True)
    digest_minutes = models.PositiveIntegerField(null=True, blank=True)
    # Of daily and weekly digests, in `time_zone`.
    digest_at = models.TimeField(null=True, blank=True)
    digest_day = models.CharField(max_length=3, choices=Day, blank=True)
    # At most so many mails in so many minutes, then one mail with the rest.
    throttle_count = models.PositiveIntegerField(null=True, blank=True)
    throttle_minutes = models.PositiveIntegerField(null=True, blank=True)

    # --- what the engine learned ---
    throttle_since = models.DateTimeField(null=True, editable=False)
    throttle_sent = models.PositiveIntegerField(default=0, editable=False)
    # Why the last mail went out in the default form; empty once one was made as designed.
    template_error = models.TextField(blank=True, editable=False)
    # Grows at every change that somebody makes.
    version = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def take_slot(self, at: datetime) -> datetime | None:
        """None when a mail may go now; else when the window ends in which there were too many."""
        window = timedelta(minutes=self.throttle_minutes or 1)
        # Locked: completions that come together count one after the other.
        known = Notification.objects.select_for_update().get(pk=self.pk)
        since, sent = known.throttle_since, known.throttle_sent
        if since is None or at >= since + window:
            since, sent = at, 0
        if sent >= (self.throttle_count or 1):
            return since + window
        Notification.objects.filter(pk=self.pk).update(throttle_since=since, throttle_sent=sent + 1)
        return None

    def switch(self, *, on: bool) -> bool:
        """Whether it was the other way before."""
        others = Notification.objects.filter(pk=self.pk).exclude(enabled=on)
        return bool(others.update(enabled=on, version=models.F("version") + 1, changed_at=timezone.now()))

    def remember_template_error(self, error: str) -> None:
        """Of the mail that was just composed; empty when its templates worked."""
        if error != self.template_error:
            self.template_error = error
            Notification.objects.filter(pk=self.pk).update(template_error=error)

    @property
    def recipient_count(self) -> int:
        return len(self.to) + len(self.cc) + len(self.bcc)
