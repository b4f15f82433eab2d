"""Who came in by way of a provider, and is known by its word."""

from contextlib import suppress

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from notifications.access import Role
from notifications.models.audit import AuditEvent
from notifications.models.people import LastAdministrator, change_role


class NoAccount(Exception):
    """Somebody is who they say, and may not come in; says why in a sentence."""


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
        user = User(username=email, email=email)
        user.set_unusable_password()
        made = cls(user=user, issuer=issuer, subject=subject)
        try:
            user.full_clean(exclude=["password"])
            made.full_clean(exclude=["user"])
        except ValidationError as error:
            raise NoAccount("Your address cannot be the name of an account here.") from error
        try:
            with transaction.atomic():
                user.save()
                made.save()
        except IntegrityError as error:
            raise NoAccount("Two sign-ins of yours came at once. Try again.") from error
        AuditEvent.record(AuditEvent.Action.ACCOUNT_MADE, f"{user}, at the first sign-in", by=user)
        return user
