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
    secret_hosts,
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
    found = endpoints_of(server)
    return Registration(
        endpoints=found,
        client_id=server.oauth2_client_id,
        tenant_id=server.oauth2_tenant_id,
        client_secret=usable(server.oauth2_client_secret, server.oauth2_secret_hosts, found),
    )


def graph_registration_of(server: MailServerSettings) -> AppRegistration:
    """Raises OAuthFailure when the saved values cannot be used."""
    found = graph_endpoints_of(server)
    return AppRegistration(
        endpoints=found,
        client_id=server.graph_client_id,
        tenant_id=server.graph_tenant_id,
        client_secret=usable(server.graph_client_secret, server.graph_secret_hosts, found),
    )


def usable(client_secret: str, saved_for: str, found: Endpoints) -> str:
    """Raises OAuthFailure for a secret that cannot be read, or was saved for other hosts than those of `found`."""
    if isinstance(client_secret, Unreadable):
        text = "Client Secret cannot be read with the present FERNET_KEYS: enter it again, or bring the old key back"
        raise OAuthFailure(Remedy.SETTINGS, "", text)
    if client_secret and saved_for and saved_for != secret_hosts(found):
        text = f"The hosts of {found.label} in MAILADMIN_PROVIDERS_FILE changed since the client secret was saved"
        raise OAuthFailure(Remedy.SETTINGS, "", f"{text}: enter it again")
    return client_secret
