"""Who may come in, as what, and from which browsers they are in."""

import secrets
import uuid
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db import DatabaseError, models, transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from notifications import origin
from notifications.access import Role, flags_of, role_of
from notifications.models.api_token import digest
from notifications.models.audit import AuditEvent

INVITATION_LIFE = timedelta(days=7)
SEEN_RESOLUTION = timedelta(minutes=1)
SESSION_NAME = "browser_session"
ROLES = [(role.value, role.word.capitalize()) for role in Role if role != Role.ANYONE]
# The first mark that is there decides: each browser says that it is those before it, too.
BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrom", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
Action = AuditEvent.Action


class LastAdministrator(Exception):
    """Without one nobody could ever make another."""


class NoAccount(Exception):
    """Somebody is who they say, and may not come in; says why in a sentence."""


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


class BrowserSession(models.Model):
    """Somebody signed in in one browser. The session knows this row's key; without the row it is over."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="browser_sessions")
    started_at = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    origin = models.CharField(max_length=100, blank=True)
    browser = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-seen_at"]

    def __str__(self) -> str:
        return f"{self.user} from {self.origin}"

    @property
    def browser_name(self) -> str:
        """In two words, for people; the whole line says more than they want to know."""
        name = next((name for mark, name in BROWSERS if mark in self.browser), "Some program")
        system = next((name for mark, name in SYSTEMS if mark in self.browser), "")
        return f"{name} on {system}" if system else name

    @classmethod
    def begin(cls, request: HttpRequest, user: User) -> None:
        """Called at every sign-in, by whatever way."""
        browser = request.META.get("HTTP_USER_AGENT", "")[:300]
        begun = cls.objects.create(user=user, origin=origin.current()[:100], browser=browser)
        request.session[SESSION_NAME] = str(begun.pk)

    @classmethod
    def of(cls, request: HttpRequest) -> "BrowserSession | None":
        """The present one, while it is open."""
        found = cls.objects.filter(pk=request.session.get(SESSION_NAME), user=request.user.pk).first()
        return found if found and not found.is_over else None

    @classmethod
    def forget_over(cls) -> None:
        cls.objects.filter(seen_at__lt=timezone.now() - settings.SESSION_IDLE).delete()

    @classmethod
    def open_of(cls, user: User) -> "models.QuerySet[BrowserSession]":
        return cls.objects.filter(user=user, seen_at__gt=timezone.now() - settings.SESSION_IDLE)

    @property
    def is_over(self) -> bool:
        return timezone.now() - self.seen_at > settings.SESSION_IDLE

    def see(self) -> None:
        """Note that somebody asked for something, at most once a minute: a write for each would be a page's dearest."""
        # The page that says that the disk is full must not need the disk.
        if timezone.now() - self.seen_at > SEEN_RESOLUTION:
            with suppress(DatabaseError), transaction.atomic():
                type(self).objects.filter(pk=self.pk).update(seen_at=timezone.now())


class Identity(models.Model):
    """Whom a provider of sign-ins means by a subject; an address may change hands, a subject does not."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=300)
    subject = models.CharField(max_length=300)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="one_identity_per_subject")]

    def __str__(self) -> str:
        return f"{self.user} at {self.issuer}"

    @classmethod
    @transaction.atomic
    def person(cls, issuer: str, subject: str, email: str, role: Role | None) -> User:
        """The account, made at the first sign-in; `role` None leaves it to the administrators. Raises NoAccount."""
        found = cls.objects.filter(issuer=issuer, subject=subject).select_related("user").first()
        user: User = found.user if found else cls.welcome(issuer, subject, email)
        if not user.is_active:
            raise NoAccount("This account is switched off.")
        if role is not None:
            # The last administrator stays one, whatever the groups say.
            with suppress(LastAdministrator):
                change_role(user, role, by=None)
        return User.objects.get(pk=user.pk)

    @classmethod
    def welcome(cls, issuer: str, subject: str, email: str) -> User:
        if User.objects.filter(username__iexact=email).exists():
            raise NoAccount("An account of this name is here already, and signs in with a password.")
        user = User.objects.create_user(email[:150], email)
        cls.objects.create(user=user, issuer=issuer, subject=subject)
        AuditEvent.record(Action.ACCOUNT_MADE, f"{user}, at the first sign-in", by=user)
        return user


@receiver(post_save, sender=User)
def note_account(instance: User, created: bool, **_: Any) -> None:
    """Of one made by a command, as createsuperuser is; the pages tell of theirs, with who asked for it."""
    if created and origin.current().startswith("manage.py"):
        AuditEvent.record(Action.ACCOUNT_MADE, f"{instance}, {role_of(instance).word}", by=None)


@receiver(user_logged_in)
def begin_session(request: HttpRequest, user: User, **_: Any) -> None:
    BrowserSession.begin(request, user)


@receiver(user_logged_out)
def end_session(request: HttpRequest, user: User | None, **_: Any) -> None:
    """Sent before the session is emptied."""
    if user and (present := BrowserSession.of(request)):
        present.delete()
        AuditEvent.record(Action.SIGNED_OUT, by=user)


@transaction.atomic
def change_role(user: User, role: Role, *, by: Any) -> None:
    """Raises LastAdministrator."""
    user = locked(user, stays_administrator=role == Role.ADMINISTRATOR)
    before = role_of(user)
    if role == before:
        return
    flags = flags_of(role)
    User.objects.filter(pk=user.pk).update(**flags)
    if role < Role.ADMINISTRATOR:
        Invitation.revoke_all_of(user, by=by)
    AuditEvent.record(Action.ROLE_CHANGED, f"{user}: {before.word} to {role.word}", by=by, fields=flags)


@transaction.atomic
def change_address(user: User, email: str, *, by: Any) -> None:
    if User.objects.filter(pk=user.pk).exclude(email=email).update(email=email):
        AuditEvent.record(Action.ADDRESS_CHANGED, str(user), by=by, fields=["email"])


@transaction.atomic
def deactivate(user: User, *, by: Any) -> None:
    """Raises LastAdministrator. What the account did stays, and so do the API tokens it made."""
    user = locked(user, stays_administrator=False)
    if not User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
        return
    user.browser_sessions.all().delete()
    Invitation.revoke_all_of(user, by=by)
    AuditEvent.record(Action.PERSON_DEACTIVATED, str(user), by=by, fields=["is_active"])


@transaction.atomic
def activate(user: User, *, by: Any) -> None:
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        AuditEvent.record(Action.PERSON_ACTIVATED, str(user), by=by, fields=["is_active"])


@transaction.atomic
def end_sessions(user: User, *, by: Any, only: Any = None, but: BrowserSession | None = None) -> int:
    """All of them, one, or all but one; how many there were."""
    sessions = user.browser_sessions.all() if only is None else user.browser_sessions.filter(pk=only)
    if but:
        sessions = sessions.exclude(pk=but.pk)
    ended, _ = sessions.delete()
    if ended:
        AuditEvent.record(Action.SESSIONS_ENDED, f"{ended} of {user}", by=by)
    return ended


def locked(user: User, *, stays_administrator: bool) -> User:
    """`user` as it is now. With every administrator's row locked, no two can be taken away at the same time."""
    keys = [each.pk for each in administrators().select_for_update().order_by("pk")]
    if keys == [user.pk] and not stays_administrator:
        raise LastAdministrator
    return User.objects.select_for_update().get(pk=user.pk)


def is_last_administrator(user: User) -> bool:
    return list(administrators().values_list("pk", flat=True)[:2]) == [user.pk]


def administrators() -> models.QuerySet[User]:
    return User.objects.filter(is_active=True, is_superuser=True)
