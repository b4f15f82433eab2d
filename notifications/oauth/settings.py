"""From the mail server's values to a registration, and for OAuth2 to the provider that speaks its language."""

from collections.abc import Iterator
from contextlib import contextmanager

from notifications.models import MailServerSettings
from notifications.models.fields import Unreadable
from notifications.oauth.client_credentials import AppRegistration
from notifications.oauth.errors import OAuthFailure, Remedy
from notifications.oauth.google import Google
from notifications.oauth.microsoft import Microsoft
from notifications.oauth.providers import (
    Endpoints,
    Kind,
    ProvidersFileError,
    UnknownProvider,
    endpoints,
    graph_endpoints,
)
from notifications.oauth.registration import Provider, Registration

PROVIDERS: dict[Kind, Provider] = {Kind.MICROSOFT: Microsoft(), Kind.GOOGLE: Google()}


def provider_of(registration: Registration) -> Provider:
    return PROVIDERS[registration.endpoints.kind]


def endpoints_of(server: MailServerSettings) -> Endpoints:
    """Raises OAuthFailure when the operator took the provider out of the file."""
    with file_errors("provider"):
        return endpoints(server.oauth2_provider, server.oauth2_cloud)


def graph_endpoints_of(server: MailServerSettings) -> Endpoints:
    """Raises OAuthFailure when the operator took the cloud, or its Graph host, out of the file."""
    with file_errors("cloud"):
        return graph_endpoints(server.graph_cloud)


@contextmanager
def file_errors(what: str) -> Iterator[None]:
    try:
        yield
    except UnknownProvider as error:
        text = f"The {what} {error} is not known any more: it was in MAILADMIN_PROVIDERS_FILE"
        raise OAuthFailure(Remedy.SETTINGS, "", text) from error
    except ProvidersFileError as error:
        raise OAuthFailure(Remedy.SETTINGS, "", f"MAILADMIN_PROVIDERS_FILE cannot be used: {error}") from error


def registration_of(server: MailServerSettings) -> Registration:
    """Raises OAuthFailure when the saved values cannot be used."""
    return Registration(
        endpoints=endpoints_of(server),
        client_id=server.oauth2_client_id,
        tenant_id=server.oauth2_tenant_id,
        client_secret=readable(server.oauth2_client_secret),
    )


def graph_registration_of(server: MailServerSettings) -> AppRegistration:
    """Raises OAuthFailure when the saved values cannot be used."""
    return AppRegistration(
        endpoints=graph_endpoints_of(server),
        client_id=server.graph_client_id,
        tenant_id=server.graph_tenant_id,
        client_secret=readable(server.graph_client_secret),
    )


def readable(client_secret: str) -> str:
    if isinstance(client_secret, Unreadable):
        text = "Client Secret cannot be read with the present FERNET_KEYS: enter it again, or bring the old key back"
        raise OAuthFailure(Remedy.SETTINGS, "", text)
    return client_secret
