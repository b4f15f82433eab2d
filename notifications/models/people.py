"""What may be changed about somebody's account, and is then in the audit."""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver

from notifications import origin
from notifications.access import Role, administrators, flags_of, role_of
from notifications.models.audit import AuditEvent
from notifications.models.browser_session import BrowserSession
from notifications.models.invitation import Invitation

Action = AuditEvent.Action


class LastAdministrator(Exception):
    """Without one nobody could ever make another."""


@receiver(post_save, sender=User)
def note_account(instance: User, created: bool, **_: Any) -> None:
    """Of one made by a command, as createsuperuser is; the pages tell of theirs, with who asked for it."""
    if created and origin.current().startswith("manage.py"):
        AuditEvent.record(Action.ACCOUNT_MADE, f"{instance}, {role_of(instance).word}", by=None)


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
    BrowserSession.objects.filter(user=user).delete()
    Invitation.revoke_all_of(user, by=by)
    AuditEvent.record(Action.PERSON_DEACTIVATED, str(user), by=by, fields=["is_active"])


@transaction.atomic
def activate(user: User, *, by: Any) -> None:
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        AuditEvent.record(Action.PERSON_ACTIVATED, str(user), by=by, fields=["is_active"])


def locked(user: User, *, stays_administrator: bool) -> User:
    """`user` as it is now. With every administrator's row locked, no two can be taken away at the same time."""
    keys = [each.pk for each in administrators().select_for_update().order_by("pk")]
    if keys == [user.pk] and not stays_administrator:
        raise LastAdministrator
    return User.objects.select_for_update().get(pk=user.pk)


def is_last_administrator(user: User) -> bool:
    return list(administrators().values_list("pk", flat=True)[:2]) == [user.pk]
