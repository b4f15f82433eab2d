"""The keys that deployment tools report with."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from notifications.database_writes import best_effort
from notifications.models.audit import AuditEvent

PREFIX_LENGTH = 12
USE_RESOLUTION = timedelta(minutes=1)


class Scope(models.TextChoices):
    """What a token may do; a tool on a hundred machines needs no more than the first."""

    REPORT = "report", "Report completions"
    READ = "read", "Read completions, mails and notifications"
    MANAGE = "manage", "Change notifications"


def report_only() -> list[str]:
    return [Scope.REPORT.value]


class ApiToken(models.Model):
    """A bearer token. Only its hash is kept: 256 random bits need no slow hash."""

    name = models.CharField(max_length=200)
    prefix = models.CharField(max_length=PREFIX_LENGTH, unique=True)
    hash = models.CharField(max_length=64)
    scopes = models.JSONField(default=report_only)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @classmethod
    @transaction.atomic
    def issue(cls, name: str, scopes: Iterable[str] = (Scope.REPORT,), by: Any = None) -> tuple["ApiToken", str]:
        """A new token and its secret, which is never to be seen again."""
        secret = f"ma_{secrets.token_urlsafe(32)}"
        columns = {"name": name, "scopes": [Scope(scope).value for scope in scopes], "created_by": by}
        token = cls.objects.create(prefix=secret[:PREFIX_LENGTH], hash=digest(secret), **columns)
        AuditEvent.record(AuditEvent.Action.TOKEN_MADE, str(token), by=by)
        return token, secret

    @classmethod
    def verify(cls, secret: str) -> "ApiToken | None":
        """The token that `secret` belongs to, unless revoked."""
        token = cls.objects.filter(prefix=secret[:PREFIX_LENGTH], revoked_at=None).first()
        known = token.hash if token else digest("")
        return token if secrets.compare_digest(known, digest(secret)) else None

    @property
    def may(self) -> str:
        """Its scopes in words."""
        return ", ".join(Scope(scope).label for scope in self.scopes)

    def touch(self) -> None:
        """Record the use, at most once a minute: a write for each request would cost more than the answer."""
        now = timezone.now()
        if self.last_used_at is None or now - self.last_used_at > USE_RESOLUTION:
            row = type(self).objects.filter(pk=self.pk)
            best_effort(lambda: row.update(last_used_at=now))

    @transaction.atomic
    def revoke(self, by: Any = None) -> None:
        self.revoked_at = timezone.now()
        self.save(update_fields=["revoked_at"])
        AuditEvent.record(AuditEvent.Action.TOKEN_REVOKED, str(self), by=by)


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
