"""What the mails of one day came to, kept so that two weeks of them are fourteen rows to read."""

from django.db import models


class MailDay(models.Model):
    """A day that is over, by the time at which its mails, tests aside, were settled: nothing in it changes any more.

    Known by its first moment: with another time zone the days begin elsewhere, and are summed up anew.
    """

    starts_at = models.DateTimeField(unique=True)
    sent = models.PositiveIntegerField(default=0)
    partly_sent = models.PositiveIntegerField(default=0)
    # Refused, and given up after days of trying.
    failed = models.PositiveIntegerField(default=0)
    cancelled = models.PositiveIntegerField(default=0)
    # From the moment a mail might go to its acceptance; None on a day without any.
    median_seconds = models.FloatField(null=True)
    p95_seconds = models.FloatField(null=True)

    class Meta:
        ordering = ["starts_at"]

    def __str__(self) -> str:
        return f"{self.total} mails from {self.starts_at:%Y-%m-%d %H:%M}"

    @property
    def total(self) -> int:
        return self.sent + self.partly_sent + self.failed + self.cancelled
