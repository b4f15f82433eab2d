"""The OAuth2 mode pointed at the lab: the certified provider, and mail servers that ask it about each token."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import tomli_w
from django.utils import timezone

from notifications.models import MailServerSettings, Mode, OAuthGrant
from notifications.oauth import consent, providers
from tests.google_stand_in import GoogleStandIn
from tests.peers.identity import IdentityPeer
from tests.peers.mail import MailPeer

SESSION = "a browser's session"
ACCOUNT = "sender@contoso.test"


def providers_file(folder: Path, settings: Any, **tables: dict[str, Any]) -> None:
    """`microsoft` and `google`: what stands under [microsoft.lab] and [google.lab]."""
    path = folder / "providers.toml"
    path.write_text(tomli_w.dumps({kind: {"lab": table} for kind, table in tables.items()}))
    providers.read_file.cache_clear()
    settings.PROVIDERS_FILE = str(path)


def use_microsoft(
    peer: IdentityPeer, mail: MailPeer, folder: Path, settings: Any, **columns: Any
) -> MailServerSettings:
    """Save OAuth2 mode as the active one, for the public client unless `columns` (without `oauth2_`) say otherwise."""
    providers_file(folder, settings, microsoft=peer.provider(mail.starttls))
    return use_oauth2(**{"provider": "microsoft.lab", "client_id": "ms-public", "tenant_id": peer.tenant, **columns})


def use_google(
    stand_in: GoogleStandIn, mail: MailPeer, folder: Path, settings: Any, **columns: Any
) -> MailServerSettings:
    """The same with Google's desktop client."""
    providers_file(folder, settings, google=stand_in.provider(mail.starttls))
    values = {"client_id": "google-desktop", "client_secret": "google-desktop-secret", "tenant_id": ""}
    return use_oauth2(**{"provider": "google.lab", **values, **columns})


def use_oauth2(**columns: Any) -> MailServerSettings:
    saved = MailServerSettings.load()
    values = {"redirect_uri": "http://localhost:63766/", "sender": f"Deployments <{ACCOUNT}>", "pace": "unlimited"}
    columns_by_name = {f"oauth2_{name}": value for name, value in (values | columns).items()}
    saved.save_version({"active_mode": Mode.OAUTH2, **columns_by_name}, seen=saved.version)
    return saved


def authenticate(server: MailServerSettings, peer: IdentityPeer, account: str = ACCOUNT) -> OAuthGrant:
    """What an administrator does in the browser."""
    url = consent.begin(server, SESSION, None)
    return consent.complete(server, SESSION, answer_of(peer.sign_in(url, account)), None)


def authenticate_at_google(server: MailServerSettings, stand_in: GoogleStandIn) -> OAuthGrant:
    url = consent.begin(server, SESSION, None)
    return consent.complete(server, SESSION, answer_of(stand_in.consent(url)), None)


def let_expire() -> None:
    """The access token's time is over; the consent is as good as it was."""
    OAuthGrant.objects.update(expires_at=timezone.now())


def answer_of(address: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(address).query))
