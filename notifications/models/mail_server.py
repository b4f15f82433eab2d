"""The one mail server as the administrator set it up."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from notifications.models.audit import AuditEvent, changed_field
from notifications.models.fields import OptionalSecretField
from notifications.models.mail_server_state import MailServerState
from notifications.models.singleton import Singleton


class Mode(models.TextChoices):
    BASIC = "basic", "Basic SMTP"
    OAUTH2 = "oauth2", "OAuth2"
    GRAPH = "graph", "Microsoft Graph"


# What a mode cannot do without, by column name without the mode's prefix.
NEEDED = {
    Mode.BASIC: ("host", "sender"),
    Mode.OAUTH2: ("client_id", "redirect_uri", "sender"),
    Mode.GRAPH: ("client_id", "tenant_id", "sender"),
}


class Security(models.TextChoices):
    NONE = "none", "None"
    STARTTLS = "starttls", "STARTTLS"
    TLS = "tls", "SSL/TLS"


class Pace(models.TextChoices):
    """What a provider allows one sender; the numbers are in notifications.delivery.pacing."""

    UNLIMITED = "unlimited", "Unlimited"
    EXCHANGE_ONLINE = "exchange_online", "Exchange Online: 3 connections, 30 mails a minute"
    GMAIL = "gmail", "Gmail: 5 connections, 60 mails a minute"
    GRAPH = "graph", "Microsoft Graph: 4 requests, 30 mails a minute"


class StaleVersion(Exception):
    """Somebody else saved a newer version in the meantime."""


class MailServerSettings(Singleton):
    """The values of every mode; one mode is active. `version` grows at every save."""

    active_mode = models.CharField(max_length=10, choices=Mode, default=Mode.BASIC)
    version = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField(null=True)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)

    basic_host = models.CharField(max_length=253, blank=True)
    basic_port = models.PositiveIntegerField(null=True, blank=True)
    basic_security = models.CharField(max_length=10, choices=Security, default=Security.STARTTLS)
    basic_user = models.CharField(max_length=320, blank=True)
    basic_password = OptionalSecretField()
    basic_allow_clear_password = models.BooleanField(default=False)
    basic_sender = models.CharField(max_length=400, blank=True)
    basic_ca_certificate = models.TextField(blank=True)
    basic_connect_timeout = models.PositiveSmallIntegerField(default=10)
    # Seconds without progress, for each phase of a transaction: see notifications.backends.base.TimeLimits.
    basic_total_timeout = models.PositiveSmallIntegerField(default=300)
    # In one message; null is no limit.
    basic_most_recipients = models.PositiveIntegerField(null=True, blank=True)
    basic_pace = models.CharField(max_length=20, choices=Pace, default=Pace.UNLIMITED)

    # A name of notifications.oauth.providers: microsoft, google, or an operator's addition such as microsoft.lab.
    oauth2_provider = models.CharField(max_length=100, default="microsoft")
    oauth2_cloud = models.CharField(max_length=20, default="global")
    oauth2_client_id = models.CharField(max_length=300, blank=True)
    oauth2_tenant_id = models.CharField(max_length=253, blank=True)
    oauth2_client_secret = OptionalSecretField()
    # Of an operator's addition: notifications.oauth.providers.secret_hosts when the secret was saved.
    oauth2_secret_hosts = models.CharField(max_length=64, blank=True)
    oauth2_redirect_uri = models.CharField(max_length=500, blank=True)
    oauth2_sign_in_as = models.CharField(max_length=320, blank=True)
    oauth2_sender = models.CharField(max_length=400, blank=True)
    # Empty: the provider's own.
    oauth2_port = models.PositiveIntegerField(null=True, blank=True)
    oauth2_security = models.CharField(max_length=10, choices=Security, default=Security.STARTTLS)
    oauth2_connect_timeout = models.PositiveSmallIntegerField(default=10)
    oauth2_total_timeout = models.PositiveSmallIntegerField(default=300)
    # Null is the provider's own: notifications.oauth.providers.
    oauth2_most_recipients = models.PositiveIntegerField(null=True, blank=True)
    oauth2_pace = models.CharField(max_length=20, choices=Pace, default=Pace.EXCHANGE_ONLINE)

    # A cloud's name in notifications.oauth.providers, or an operator's addition such as microsoft.lab.
    graph_cloud = models.CharField(max_length=100, default="global")
    graph_client_id = models.CharField(max_length=300, blank=True)
    graph_tenant_id = models.CharField(max_length=253, blank=True)
    graph_client_secret = OptionalSecretField()
    graph_secret_hosts = models.CharField(max_length=64, blank=True)
    # As the administrator read it in the portal; nothing else tells.
    graph_secret_expires = models.DateField(null=True, blank=True)
    graph_save_to_sent_items = models.BooleanField(default=True)
    graph_sender = models.CharField(max_length=400, blank=True)
    graph_connect_timeout = models.PositiveSmallIntegerField(default=10)
    graph_total_timeout = models.PositiveSmallIntegerField(default=90)
    # Exchange Online's default; a tenant may set up to 1,000.
    graph_most_recipients = models.PositiveIntegerField(null=True, blank=True, default=500)
    graph_pace = models.CharField(max_length=20, choices=Pace, default=Pace.GRAPH)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_mail_server_settings")]

    def __str__(self) -> str:
        return f"{self.get_active_mode_display()}, version {self.version}"

    @property
    def sender(self) -> str:
        """The active mode's sender, `Name <address>` or an address alone."""
        return str(self._active("sender"))

    @property
    def pace(self) -> str:
        return str(self._active("pace"))

    @property
    def total_timeout(self) -> timedelta:
        return timedelta(seconds=self._active("total_timeout"))

    @property
    def is_set_up(self) -> bool:
        return self.has_values(self.active_mode)

    def has_values(self, mode: Mode | str) -> bool:
        """Whether everything is there that `mode` cannot do without."""
        return all(getattr(self, f"{mode}_{name}") for name in NEEDED[Mode(mode)])

    @transaction.atomic
    def save_version(self, values: dict[str, Any], *, seen: int, by: Any = None) -> None:
        """Store `values` as the next version and let held mail go.

        Raises StaleVersion, and changes nothing, when the stored version is no longer `seen`.
        """
        stored = type(self).lock()
        if stored.version != seen:
            raise StaleVersion
        changed = [name for name, value in values.items() if getattr(stored, name) != value]
        for name, value in values.items():
            setattr(self, name, value)
        self.version, self.saved_at, self.saved_by = seen + 1, timezone.now(), by
        self.save()
        MailServerState.lock().forget()
        fields = [changed_field(name, values[name]) for name in changed]
        AuditEvent.record(AuditEvent.Action.MAIL_SERVER_SAVED, f"version {self.version}", by=by, fields=fields)

    def _active(self, name: str) -> Any:
        return getattr(self, f"{self.active_mode}_{name}")
