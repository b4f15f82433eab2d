"""The consent that OAuth2 mode sends with, and consents on their way."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from notifications.models.fields import ForeignTextField, OptionalSecretField, SecretField
from notifications.models.singleton import Singleton

# A refresh takes two calls of at most 30 s each.
REFRESH_LEASE = timedelta(seconds=75)
# Two calls take a second or two. Should they take longer, a second worker's call does no harm.
FETCH_LEASE = timedelta(seconds=20)
CONSENT_LIFE = timedelta(minutes=10)


class AppToken(Singleton):
    """The access token that Graph mode shares between all workers, and what was learned with it.

    An app's own tokens are fetched, not refreshed: there is nothing here that a crash could lose.
    """

    # The registration, secret included, that the token was given to.
    registration = models.CharField(max_length=64, blank=True)
    access_token = OptionalSecretField()
    expires_at = models.DateTimeField(null=True)
    fetched_at = models.DateTimeField(null=True)
    # The token's `roles`, separated by spaces. Advisory: RBAC for Applications grants do not show there.
    roles = models.TextField(blank=True)
    # Whether a draft could be made with this token; None until one was tried.
    may_draft = models.BooleanField(null=True)
    # While one worker fetches, the others wait for its answer; what it ends with tells whose turn it was.
    fetching_until = models.DateTimeField(null=True)
    # Why the last fetch brought no token, and when the next one is due if time may heal that.
    reason = ForeignTextField(blank=True)
    retry_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_app_token")]

    def __str__(self) -> str:
        return f"roles: {self.roles or 'none'}"

    @classmethod
    def forget(cls) -> None:
        """The next mail fetches a new one, and at once."""
        cls.objects.update(access_token="", retry_at=None)

    @classmethod
    def learn(cls, registration: str, *, may_draft: bool) -> None:
        cls.objects.filter(registration=registration).update(may_draft=may_draft)

    def is_being_fetched(self, now: datetime) -> bool:
        return self.fetching_until is not None and self.fetching_until > now

    def take_turn(self, registration: str, now: datetime) -> bool:
        """Whether this caller fetches now. Nothing of another registration is left then."""
        free = models.Q(fetching_until=None) | models.Q(fetching_until__lte=now) | ~models.Q(registration=registration)
        as_read = AppToken.objects.filter(free, pk=1, registration=self.registration, fetched_at=self.fetched_at)
        columns: dict[str, Any] = {"fetching_until": now + FETCH_LEASE, "reason": "", "retry_at": None}
        if self.registration != registration:
            of_the_other = {"access_token": "", "expires_at": None, "fetched_at": None, "roles": "", "may_draft": None}
            columns |= {"registration": registration, **of_the_other}
        mine = as_read.update(**columns)
        self.registration, self.fetching_until = registration, columns["fetching_until"]
        return bool(mine)

    def end_turn(self, **columns: Any) -> bool:
        """Note what came of it; False, and nothing written, when somebody else has the turn by now."""
        mine = AppToken.objects.filter(pk=1, registration=self.registration, fetching_until=self.fetching_until)
        return bool(mine.update(fetching_until=None, **columns))


class OAuthGrant(Singleton):
    """What one account allowed. `cache` holds the refresh token in the provider library's own form."""

    class State(models.TextChoices):
        NONE = "none", "Not connected"
        CONNECTED = "connected", "Connected"
        RECONNECT_NEEDED = "reconnect_needed", "Reconnect needed"

    state = models.CharField(max_length=20, choices=State, default=State.NONE)
    reason = ForeignTextField(blank=True)
    # The registration that was consented to; with another one this grant is worth nothing.
    registration = models.CharField(max_length=64, blank=True)
    # A new one for each consent: what was learned about an old one must not touch it.
    consent = models.UUIDField(null=True)
    account = models.CharField(max_length=320, blank=True)
    scopes = models.TextField(blank=True)
    cache = OptionalSecretField()
    access_token = OptionalSecretField()
    expires_at = models.DateTimeField(null=True)
    refreshed_at = models.DateTimeField(null=True)
    connected_at = models.DateTimeField(null=True)
    connected_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    lease_owner = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="one_oauth_grant")]

    def __str__(self) -> str:
        return f"{self.account or 'nobody'}: {self.get_state_display()}"

    def connect(self, *, registration: str, account: str, scopes: str, by: Any) -> None:
        """Take a new consent; the tokens follow with `store`."""
        self.state, self.reason, self.consent = self.State.CONNECTED, "", uuid.uuid4()
        self.registration, self.account, self.scopes = registration, account, scopes
        self.connected_at, self.connected_by = timezone.now(), by
        self.lease_owner = self.lease_until = self.retry_at = None

    def hold_tokens(self, *, access_token: str, cache: str, expires_at: datetime) -> None:
        self.access_token, self.cache, self.expires_at = access_token, cache, expires_at
        self.refreshed_at = timezone.now()

    def take_lease(self, now: datetime) -> bool:
        """Whether this caller, and no other worker, may refresh now."""
        owner = uuid.uuid4()
        free = models.Q(lease_until=None) | models.Q(lease_until__lt=now)
        mine = OAuthGrant.objects.filter(free, pk=1, consent=self.consent, refreshed_at=self.refreshed_at).update(
            lease_owner=owner, lease_until=now + REFRESH_LEASE
        )
        self.lease_owner = owner if mine else None
        return bool(mine)

    def give_back(self, **columns: Any) -> bool:
        """End the lease with `columns`; False, and nothing written, when it was lost or a new consent came."""
        mine = OAuthGrant.objects.filter(pk=1, consent=self.consent, lease_owner=self.lease_owner)
        return bool(mine.update(lease_owner=None, lease_until=None, **columns))

    def forget(self) -> None:
        """As if nobody had ever consented."""
        # Left to itself, Django inserts a new object whose key has a default.
        type(self)(pk=1).save(force_update=True)


class ConsentRequest(models.Model):
    """Somebody pressed Authenticate. Good once, for one browser session, one version of the settings, ten minutes."""

    state_hash = models.CharField(max_length=64, unique=True)
    session_hash = models.CharField(max_length=64)
    settings_version = models.PositiveIntegerField()
    registration = models.CharField(max_length=64)
    data = SecretField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"consent asked for at {self.created_at}"

    @property
    def is_expired(self) -> bool:
        return timezone.now() - self.created_at > CONSENT_LIFE

    def use_up(self) -> bool:
        """Whether this caller is the one who may use it."""
        return bool(ConsentRequest.objects.filter(pk=self.pk).delete()[0])
