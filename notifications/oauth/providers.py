"""The closed list of where secrets and tokens may go: Microsoft's clouds, Google, and what the operator added.

Sources: Microsoft's "National clouds" (learn.microsoft.com/entra/identity-platform/authentication-national-cloud) and
"Graph deployments" for hosts; developers.google.com/identity/protocols/oauth2 for Google. Microsoft publishes no table
of SMTP scopes by cloud; those outside the global one are what mail programs there use, hence the operator's file.
"""

import hashlib
import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings


class Kind(StrEnum):
    MICROSOFT = "microsoft"
    GOOGLE = "google"


# In one message over SMTP. Microsoft: "Exchange Online limits" (learn.microsoft.com/office365/servicedescriptions/
# exchange-online-service-description/exchange-online-limits); a tenant may set up to 1,000. Google: "Gmail sending
# limits in Google Workspace" (support.google.com/a/answer/166852): 2,000 on its own pages, 500 of them outside the
# organization, and 100 over SMTP.
MOST_RECIPIENTS = {Kind.MICROSOFT: 500, Kind.GOOGLE: 100}


@dataclass(frozen=True)
class Endpoints:
    """One cloud or provider: all its hosts, chosen together so that no token of one can reach another."""

    kind: Kind
    label: str
    smtp_host: str
    smtp_port: int = 587
    smtp_scope: str = ""
    login_host: str = ""
    graph_host: str = ""
    # Where Graph sends the pieces of a large attachment; they carry no token.
    upload_host: str = ""
    portal: str = ""
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    revocation_endpoint: str = ""
    # Of people who sign in to the panel; Microsoft's stand under its login host.
    issuer: str = ""
    jwks_uri: str = ""
    ca_file: str = ""

    @property
    def graph_name(self) -> str:
        return f"{self.label} ({urlsplit(self.graph_host).netloc})"

    @property
    def smtp_name(self) -> str:
        return f"{self.label} ({self.smtp_host})"

    @property
    def most_recipients(self) -> int:
        """In one message over SMTP."""
        return MOST_RECIPIENTS[self.kind]

    @property
    def ca_certificate(self) -> str:
        """PEM of the operator's authority; empty for the system's list."""
        return Path(self.ca_file).read_text() if self.ca_file else ""

    @property
    def token_hosts(self) -> frozenset[str]:
        """The only `host` or `host:port` that a secret, a code or a refresh token is posted to."""
        addresses = (self.login_host, self.token_endpoint, self.revocation_endpoint)
        return frozenset(urlsplit(address).netloc for address in addresses if address)


class UnknownProvider(Exception):
    """Neither built in nor in the operator's file."""


class ProvidersFileError(Exception):
    """The operator's file cannot be used; says where and why."""


CLOUDS = {
    "global": Endpoints(
        Kind.MICROSOFT,
        "Global",
        smtp_host="smtp.office365.com",
        smtp_scope="https://outlook.office.com/SMTP.Send",
        login_host="https://login.microsoftonline.com",
        graph_host="https://graph.microsoft.com",
        upload_host="outlook.office.com",
        portal="portal.azure.com",
    ),
    "gcc-high": Endpoints(
        Kind.MICROSOFT,
        "US Government GCC High",
        smtp_host="smtp.office365.us",
        smtp_scope="https://outlook.office365.us/SMTP.Send",
        login_host="https://login.microsoftonline.us",
        graph_host="https://graph.microsoft.us",
        upload_host="outlook.office365.us",
        portal="portal.azure.us",
    ),
    "dod": Endpoints(
        Kind.MICROSOFT,
        "US Government DoD",
        smtp_host="outlook-dod.office365.us",
        smtp_scope="https://outlook-dod.office365.us/SMTP.Send",
        login_host="https://login.microsoftonline.us",
        graph_host="https://dod-graph.microsoft.us",
        upload_host="outlook-dod.office365.us",
        portal="portal.azure.us",
    ),
    "china": Endpoints(
        Kind.MICROSOFT,
        "China, 21Vianet",
        smtp_host="smtp.partner.outlook.cn",
        smtp_scope="https://partner.outlook.cn/SMTP.Send",
        login_host="https://login.partner.microsoftonline.cn",
        graph_host="https://microsoftgraph.chinacloudapi.cn",
        upload_host="partner.outlook.cn",
        portal="portal.azure.cn",
    ),
}
GOOGLE = Endpoints(
    Kind.GOOGLE,
    "Google",
    smtp_host="smtp.gmail.com",
    smtp_scope="https://mail.google.com/",
    authorization_endpoint="https://accounts.google.com/o/oauth2/v2/auth",
    token_endpoint="https://oauth2.googleapis.com/token",
    revocation_endpoint="https://oauth2.googleapis.com/revoke",
    issuer="https://accounts.google.com",
    jwks_uri="https://www.googleapis.com/oauth2/v3/certs",
)
ADDRESSES = {
    *("login_host", "graph_host"),
    *("authorization_endpoint", "token_endpoint", "revocation_endpoint", "issuer", "jwks_uri"),
}
# What stands in front of a path of ours.
HOSTS = {"login_host", "graph_host"}
HOST = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|\[[0-9a-f:.]+\]"
ADDRESS = re.compile(rf"https://({HOST})(:(?P<port>[0-9]{{1,5}}))?(/[A-Za-z0-9._~-]+)*/?")
KEYS = {
    Kind.MICROSOFT: {"login_host", "graph_host", "smtp_host", "smtp_port", "smtp_scope", "portal", "ca_file", "label"},
    Kind.GOOGLE: {
        *("authorization_endpoint", "token_endpoint", "revocation_endpoint", "issuer", "jwks_uri"),
        *("smtp_host", "smtp_port", "smtp_scope", "ca_file", "label"),
    },
}
REQUIRED = {
    Kind.MICROSOFT: {"login_host", "smtp_host", "smtp_scope"},
    Kind.GOOGLE: {"authorization_endpoint", "token_endpoint", "smtp_host"},
}


def endpoints(provider: str, cloud: str = "global") -> Endpoints:
    """The hosts of `microsoft` in `cloud`, of `google`, or of an addition such as `microsoft.lab`."""
    if provider == Kind.GOOGLE:
        return GOOGLE
    found = CLOUDS.get(cloud) if provider == Kind.MICROSOFT else additions().get(provider)
    if found is None:
        raise UnknownProvider(f"{provider} ({cloud})" if provider == Kind.MICROSOFT else provider)
    return found


def secret_hosts(found: Endpoints) -> str:
    """Tells whether a secret still goes where it was saved for: a hash of an addition's hosts and authority.

    Empty for what is built in, which only a new version of the panel changes.
    """
    if found in (GOOGLE, *CLOUDS.values()):
        return ""
    servers = (f"{found.smtp_host}:{found.smtp_port}", urlsplit(found.graph_host).netloc)
    parts = (*sorted(found.token_hosts), *servers, found.ca_certificate)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def graph_clouds() -> dict[str, Endpoints]:
    """Where Graph mode can send, by cloud: `global`, or an addition such as `microsoft.lab`."""
    added = {name: found for name, found in additions().items() if found.graph_host}
    return {**CLOUDS, **added}


def graph_endpoints(cloud: str) -> Endpoints:
    """The hosts of one of `graph_clouds`."""
    found = graph_clouds().get(cloud) if cloud not in CLOUDS else CLOUDS[cloud]
    if found is None:
        raise UnknownProvider(cloud)
    return found


def additions() -> dict[str, Endpoints]:
    """What MAILADMIN_PROVIDERS_FILE adds, by name; a new file takes effect at the next start."""
    return read_file(settings.PROVIDERS_FILE) if settings.PROVIDERS_FILE else {}


@cache
def read_file(path: str) -> dict[str, Endpoints]:
    try:
        tables = tomllib.loads(Path(path).read_text())
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProvidersFileError(f"{path}: {error}") from error
    found = {}
    for kind_name, group in tables.items():
        if kind_name not in set(Kind) or not isinstance(group, dict):
            raise ProvidersFileError(f"{path}: [{kind_name}]: only [microsoft.NAME] and [google.NAME] are known")
        for name, values in group.items():
            key = f"{kind_name}.{name}"
            found[key] = addition(path, key, Kind(kind_name), values)
    return found


def addition(path: str, key: str, kind: Kind, values: Any) -> Endpoints:
    """Raises ProvidersFileError for what is missing, unknown or not https."""
    where = f"{path}: [{key}]"
    if not isinstance(values, dict):
        raise ProvidersFileError(f"{where}: this is no table")
    if unknown := values.keys() - KEYS[kind]:
        raise ProvidersFileError(f"{where}: unknown: {', '.join(sorted(unknown))}")
    if missing := REQUIRED[kind] - values.keys():
        raise ProvidersFileError(f"{where}: missing: {', '.join(sorted(missing))}")
    for name, value in values.items():
        check_value(f"{where}: {name}", name, value)
    defaults = {"label": key, **({"smtp_scope": GOOGLE.smtp_scope} if kind is Kind.GOOGLE else {})}
    return Endpoints(kind, **{**defaults, **{name: trimmed(value) for name, value in values.items()}})


def check_value(where: str, name: str, value: Any) -> None:
    if name == "smtp_port":
        if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 65536:
            raise ProvidersFileError(f"{where}: a port is a number from 1 to 65535")
        return
    if not isinstance(value, str) or not value:
        raise ProvidersFileError(f"{where}: a text is wanted")
    if name in ADDRESSES and not is_address(value):
        raise ProvidersFileError(f"{where}: an https:// address in small letters is wanted")
    if name in HOSTS and value.count("/") != 2 + value.endswith("/"):
        raise ProvidersFileError(f"{where}: a host is wanted, without a path")
    if name == "ca_file" and not Path(value).is_file():
        raise ProvidersFileError(f"{where}: there is no file {value}")


def is_address(value: str) -> bool:
    """https, a host and at most a port and a path: nothing that two parsers could read in two ways."""
    found = ADDRESS.fullmatch(value)
    return found is not None and 0 < int(found["port"] or 443) < 65536


def trimmed(value: Any) -> Any:
    return (
        value.rstrip("/")
        if isinstance(value, str) and value.startswith("https://") and value.count("/") == 3
        else value
    )
