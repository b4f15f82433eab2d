"""From the mail server's OAuth2 values to a registration and the provider that speaks its language."""

from notifications.models import MailServerSettings
from notifications.models.fields import Unreadable
from notifications.oauth.errors import OAuthFailure, Remedy
from notifications.oauth.google import Google
from notifications.oauth.microsoft import Microsoft
from notifications.oauth.providers import Endpoints, Kind, ProvidersFileError, UnknownProvider, endpoints
from notifications.oauth.registration import Provider, Registration

PROVIDERS: dict[Kind, Provider] = {Kind.MICROSOFT: Microsoft(), Kind.GOOGLE: Google()}


def provider_of(registration: Registration) -> Provider:
    return PROVIDERS[registration.endpoints.kind]


def endpoints_of(server: MailServerSettings) -> Endpoints:
    """Raises OAuthFailure when the operator took the provider out of the file."""
    try:
        return endpoints(server.oauth2_provider, server.oauth2_cloud)
    except UnknownProvider as error:
        text = f"The provider {error} is not known any more: it was in MAILADMIN_PROVIDERS_FILE"
        raise OAuthFailure(Remedy.SETTINGS, "", text) from error
    except ProvidersFileError as error:
        raise OAuthFailure(Remedy.SETTINGS, "", f"MAILADMIN_PROVIDERS_FILE cannot be used: {error}") from error


def registration_of(server: MailServerSettings) -> Registration:
    """Raises OAuthFailure when the saved values cannot be used."""
    if isinstance(server.oauth2_client_secret, Unreadable):
        text = "Client Secret cannot be read with the present FERNET_KEYS: enter it again, or bring the old key back"
        raise OAuthFailure(Remedy.SETTINGS, "", text)
    return Registration(
        endpoints=endpoints_of(server),
        client_id=server.oauth2_client_id,
        tenant_id=server.oauth2_tenant_id,
        client_secret=server.oauth2_client_secret,
    )
