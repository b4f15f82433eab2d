"""The keys that deployment tools report with."""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from notifications.database_writes import best_effort
from notifications.models.audit import AuditEvent

PREFIX_LENGTH = 12
LIMITS = ("sources", "link_hosts", "reports_per_minute", "expires_on", "conflict_recipients")
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
    # What it may report, each empty for no limit: name filters of sources and of the hosts of links.
    sources = models.JSONField(default=list)
    link_hosts = models.JSONField(default=list)
    reports_per_minute = models.PositiveIntegerField(null=True)
    # Its last day, in the installation's time zone.
    expires_on = models.DateField(null=True)
    # Who gets an email when a report of it is refused because its id is taken; as notifications name recipients.
    conflict_recipients = models.JSONField(default=list)
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
    def issue(
        cls, name: str, scopes: Iterable[str] = (Scope.REPORT,), by: Any = None, **limits: Any
    ) -> tuple["ApiToken", str]:
        """A new token and its secret, which is never shown again; `limits` are columns named in LIMITS."""
        secret = f"ma_{secrets.token_urlsafe(32)}"
        columns = {"name": name, "scopes": [Scope(scope).value for scope in scopes], "created_by": by}
        token = cls.objects.create(prefix=secret[:PREFIX_LENGTH], hash=digest(secret), **columns, **limits)
        limited = [limit for limit in LIMITS if getattr(token, limit)]
        AuditEvent.record(AuditEvent.Action.TOKEN_MADE, str(token), by=by, fields=limited)
        return token, secret

    @classmethod
    def verify(cls, secret: str) -> "ApiToken | None":
        """The token that `secret` belongs to, unless it was revoked or has expired."""
        token = cls.objects.filter(prefix=secret[:PREFIX_LENGTH], revoked_at=None).first()
        known = token.hash if token else digest("")
        return token if secrets.compare_digest(known, digest(secret)) and token and not token.is_expired else None

    @classmethod
    def expiring(cls, until: date) -> models.QuerySet["ApiToken"]:
        """Those that expire on `until` or before, the next one first."""
        return cls.objects.filter(revoked_at=None, expires_on__lte=until).order_by("expires_on", "name")

    @property
    def is_expired(self) -> bool:
        return self.expires_on is not None and self.expires_on < today()

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
    def change(self, limits: Mapping[str, Any], by: Any = None) -> bool:
        """Save other limits (columns named in LIMITS); False when these are the present ones."""
        changed = [name for name in LIMITS if getattr(self, name) != limits[name]]
        for name in changed:
            setattr(self, name, limits[name])
        if changed:
            self.save(update_fields=changed)
            AuditEvent.record(AuditEvent.Action.TOKEN_CHANGED, str(self), by=by, fields=changed)
        return bool(changed)

    @transaction.atomic
    def revoke(self, by: Any = None) -> None:
        self.revoked_at = timezone.now()
        self.save(update_fields=["revoked_at"])
        AuditEvent.record(AuditEvent.Action.TOKEN_REVOKED, str(self), by=by)


def today() -> date:
    """In the installation's time zone: no reader's, whose day may be another."""
    return timezone.localdate(timezone=timezone.get_default_timezone())


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()
