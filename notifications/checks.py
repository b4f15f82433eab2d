"""System checks: what the operator set wrongly is found at the start, not at the first secret or email it costs."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from notifications.oauth.providers import ProvidersFileError, UnknownProvider, additions
from notifications.oauth.sign_in import NotConfigured, sign_in_provider
from supervisor import public_url

SHORTEST_KEY = 32
HINT = (
    "Set FERNET_KEYS to random strings, the newest first, separated by commas; one is made by "
    "python -c 'import secrets; print(secrets.token_urlsafe(32))'"
)


@register(Tags.security)
def fernet_keys(**_: Any) -> list[CheckMessage]:
    keys = getattr(settings, "FERNET_KEYS", None)
    if isinstance(keys, str):
        # A string is read as a list of one-letter keys.
        return [Error("FERNET_KEYS is a single string, not a list.", hint=HINT, id="notifications.E001")]
    if not keys or not all(keys):
        return [Error("FERNET_KEYS is missing or has an empty key.", hint=HINT, id="notifications.E002")]
    found: list[CheckMessage] = []
    if any(len(key) < SHORTEST_KEY for key in keys):
        text = f"A key in FERNET_KEYS is shorter than {SHORTEST_KEY} characters."
        found.append(Error(text, hint=HINT, id="notifications.E003"))
    if settings.SECRET_KEY in keys:
        text = "FERNET_KEYS contains SECRET_KEY: a leaked session key would open every stored secret."
        found.append(Error(text, hint=HINT, id="notifications.E004"))
    return found


@register(Tags.security)
def secret_key(**_: Any) -> list[CheckMessage]:
    if len(settings.SECRET_KEY) >= SHORTEST_KEY:
        return []
    text = f"SECRET_KEY is shorter than {SHORTEST_KEY} characters, so sessions and setup links could be forged."
    hint = (
        "Make one with: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'. Everybody has to sign in again."
    )
    return [Error(text, hint=hint, id="notifications.E007")]


@register(Tags.security)
def public_addresses(**_: Any) -> list[CheckMessage]:
    """A host name that is none first: unless PUBLIC_URL is set, it is made of the first one."""
    for name in settings.ALLOWED_HOSTS:
        if name != "*" and not public_url.is_host(name.removeprefix(".")):
            text = f"ALLOWED_HOSTS contains {name!r}, which is no host name."
            hint = "Write host names alone, such as panel.example.com, separated by commas."
            return [Error(text, hint=hint, id="notifications.E009")]
    fault = public_url.fault(settings.PUBLIC_URL)
    hint = (
        "Links in emails and the redirect URI of OAuth2 begin with it. Leave it out to use the first of ALLOWED_HOSTS."
    )
    return [Error(f"PUBLIC_URL {fault}", hint=hint, id="notifications.E008")] if fault else []


@register(Tags.security)
def providers_file(**_: Any) -> list[CheckMessage]:
    try:
        additions()
    except ProvidersFileError as error:
        hint = (
            "docs/configuration.md describes it. Correct it, or unset MAILADMIN_PROVIDERS_FILE: "
            "Microsoft's clouds and Google need no file."
        )
        return [Error(f"MAILADMIN_PROVIDERS_FILE cannot be used: {error}.", hint=hint, id="notifications.E005")]
    return []


@register(Tags.security)
def sign_in_with_a_provider(**_: Any) -> list[CheckMessage]:
    try:
        sign_in_provider()
    except ProvidersFileError:
        return []  # told of above
    except UnknownProvider as error:
        text = f"OIDC_PROVIDER names {error}, which is no provider here."
    except NotConfigured as error:
        text = f"Signing in with a provider cannot work: {error}."
    else:
        return []
    return [Error(text, hint="See docs/people.md, or unset OIDC_PROVIDER.", id="notifications.E006")]
