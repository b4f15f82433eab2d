"""The end of a consent: taken back at the provider where that is possible, and forgotten here in any case."""

from typing import Any

from notifications.models import AuditEvent, MailServerSettings, OAuthGrant
from notifications.oauth.errors import OAuthFailure, Remedy
from notifications.oauth.google import Google
from notifications.oauth.settings import provider_of, registration_of


def disconnect(server: MailServerSettings, by: Any = None) -> OAuthFailure | None:
    """What kept the provider from taking it back, if anything did. Microsoft has no such request."""
    grant = OAuthGrant.load()
    try:
        revoke(server, grant)
    except OAuthFailure as error:
        return error
    finally:
        grant.forget()
        AuditEvent.record(AuditEvent.Action.CONSENT_FORGOTTEN, grant.account, by=by)
    return None


def revoke(server: MailServerSettings, grant: OAuthGrant) -> None:
    """Raises OAuthFailure. A consent to another registration is not shown to this one's provider."""
    if not grant.cache:
        return
    registration = registration_of(server)
    if registration.fingerprint != grant.registration:
        raise OAuthFailure(Remedy.SETTINGS, "", "it was given to another registration than the one saved now")
    provider = provider_of(registration)
    if isinstance(provider, Google) and registration.endpoints.revocation_endpoint:
        provider.revoke(registration, grant.cache)
