"""Whether this database was restored from a backup, and what an administrator has to decide then."""

import uuid
from datetime import datetime

from django.db import models
from django.utils import timezone

from notifications.models.singleton import Singleton

# Marks of several machines are a few apart; a restored database goes so far ahead of all of them.
AHEAD = 1000


class Restoration(Singleton):
    """`identity` and `marks` tell an older copy of this database: see notifications.delivery.restore_check.

    Pending, from the moment a restore is noticed until an administrator decides: no email goes out but tests, because
    those that wait here may have been sent after the backup was made.
    """

    class Sign(models.TextChoices):
        COMMAND = "command", "manage.py restore put a backup in place"
        DECLARED = "declared", "manage.py restored was run"
        OLDER = "older", "the database is older than this machine has seen it"
        COPIED = "copied", "the database or its data folder was copied here"

    identity = models.UUIDField(default=uuid.uuid4, editable=False)
    marks = models.PositiveBigIntegerField(default=0)
    noticed_at = models.DateTimeField(null=True)
    sign = models.CharField(max_length=10, choices=Sign, blank=True)
    # The last queue check that the restored data know of.
    data_from = models.DateTimeField(null=True)
    # The newest email in the backup.
    last_message = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_restoration")]

    def __str__(self) -> str:
        as_of = f", with data as of {timezone.localtime(self.data_from):%Y-%m-%d %H:%M %Z}" if self.data_from else ""
        return f"{self.get_sign_display()}{as_of}"

    @property
    def is_pending(self) -> bool:
        return self.noticed_at is not None

    def begin(self, sign: Sign, *, data_from: datetime | None, last_message: int) -> None:
        """Put the queue on hold."""
        self.noticed_at, self.sign, self.data_from = timezone.now(), sign, data_from
        self.last_message = last_message
        self.save()

    def overtake(self, marks: int) -> None:
        """Go ahead of the marks that machines saw before the restore, so that it is noticed once."""
        self.marks = max(self.marks, marks) + AHEAD
        self.save(update_fields=["marks"])

    def end(self) -> None:
        """An administrator decided."""
        self.noticed_at = self.data_from = None
        self.sign, self.last_message = "", 0
        self.save()
