"""The link by which somebody comes in."""

import secrets
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.utils import timezone

from notifications.access import Role, flags_of
from notifications.models.api_token import digest
from notifications.models.audit import AuditEvent

INVITATION_LIFE = timedelta(days=7)
ROLES = [(role.value, role.word.capitalize()) for role in Role if role != Role.ANYONE]
Action = AuditEvent.Action


class Invitation(models.Model):
    """A link that makes one account. Only its hash is kept: 256 random bits need no slow hash."""

    whom = models.CharField(max_length=200)
    role = models.PositiveSmallIntegerField(choices=ROLES)
    hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.whom}, {self.get_role_display().lower()}"

    @classmethod
    @transaction.atomic
    def issue(cls, whom: str, role: Role, *, by: Any) -> tuple["Invitation", str]:
        """A new invitation and the token of its link, which is never to be seen again."""
        token, now = secrets.token_urlsafe(32), timezone.now()
        columns = {"created_by": by, "created_at": now, "expires_at": now + INVITATION_LIFE}
        made = cls.objects.create(whom=whom, role=role, hash=digest(token), **columns)
        AuditEvent.record(Action.INVITATION_MADE, str(made), by=by)
        return made, token

    @classmethod
    def find(cls, token: str) -> "Invitation | None":
        """The one that `token` opens, while it is good."""
        found = cls.objects.filter(hash=digest(token)).first()
        return found if found and found.state == "open" else None

    @property
    def state(self) -> str:
        if self.used_at:
            return "used"
        if self.revoked_at:
            return "revoked"
        return "open" if self.expires_at > timezone.now() else "expired"

    @transaction.atomic
    def accept(self, user: User) -> bool:
        """Save `user` with the invitation's role; False when somebody was faster, or it is good no longer."""
        now = timezone.now()
        still_open = type(self).objects.filter(pk=self.pk, used_at=None, revoked_at=None, expires_at__gt=now)
        # Whoever may not invite any more has no way back left by an earlier link either.
        by_whom = models.Q(created_by=None) | models.Q(created_by__is_active=True, created_by__is_superuser=True)
        if not still_open.filter(by_whom).update(used_at=now):
            return False
        for flag, value in flags_of(Role(self.role)).items():
            setattr(user, flag, value)
        user.save()
        type(self).objects.filter(pk=self.pk).update(used_by=user)
        AuditEvent.record(Action.INVITATION_USED, str(self), by=user)
        return True

    @classmethod
    def revoke_all_of(cls, user: User, *, by: Any) -> None:
        """Those that `user` made and nobody used yet."""
        for each in cls.objects.filter(created_by=user, used_at=None, revoked_at=None, expires_at__gt=timezone.now()):
            each.revoke(by=by)

    @transaction.atomic
    def revoke(self, *, by: Any) -> bool:
        """False when it was used, or revoked before."""
        revoked = type(self).objects.filter(pk=self.pk, used_at=None, revoked_at=None).update(revoked_at=timezone.now())
        if revoked:
            AuditEvent.record(Action.INVITATION_REVOKED, str(self), by=by)
        return bool(revoked)
