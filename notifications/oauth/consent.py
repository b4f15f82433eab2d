"""From `Authenticate` to a stored consent: every answer is checked before anything that works is replaced."""

import hashlib
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.db import transaction
from django.utils import timezone

from notifications.addresses import parse_address
from notifications.models import AuditEvent, ConsentRequest, MailServerSettings, MailServerState, Mode, OAuthGrant
from notifications.oauth.errors import OAuthFailure, Remedy, failure
from notifications.oauth.providers import Endpoints, Kind
from notifications.oauth.registration import Registration, Tokens
from notifications.oauth.settings import provider_of, registration_of

# An answer's parameters are short, and there are few of them.
LONGEST_ANSWER = 16 * 1024


def begin(server: MailServerSettings, session_key: str, by: Any) -> str:
    """The provider's address to send the browser to. Raises OAuthFailure."""
    registration = registration_of(server)
    begun = provider_of(registration).begin(registration, server.oauth2_redirect_uri, account_wanted(server))
    # Left half-way; kept for a day, so that a late answer is told that it is late.
    ConsentRequest.objects.filter(created_at__lt=timezone.now() - timedelta(days=1)).delete()
    ConsentRequest.objects.create(
        state_hash=digest(begun.state),
        session_hash=digest(session_key),
        settings_version=server.version,
        registration=registration.fingerprint,
        data=begun.data,
        requested_by=by,
    )
    return begun.url


def answer_in(address: str) -> dict[str, str]:
    """The parameters of a pasted address; with a parameter twice, none is believed. Raises OAuthFailure."""
    pairs = parameters(address.strip()) if len(address) <= LONGEST_ANSWER else []
    answer = dict(pairs)
    if len(answer) != len(pairs) or not ({"code", "error"} & answer.keys() and "state" in answer):
        text = "This is not the address of the page that the sign-in led to: it has no code and state in it"
        raise OAuthFailure(Remedy.SETTINGS, "", text)
    return answer


def parameters(address: str) -> list[tuple[str, str]]:
    """None for what is no address."""
    try:
        return parse_qsl(urlsplit(address).query)
    except ValueError:
        return []


def complete(server: MailServerSettings, session_key: str, answer: dict[str, str], by: Any) -> OAuthGrant:
    """Make the provider's answer the consent to send with. Raises OAuthFailure, and the old consent stays then."""
    registration = registration_of(server)
    request = take_request(server, registration, session_key, answer)
    check_issuer(registration.endpoints, answer)
    if "error" in answer:
        raise failure(answer["error"], answer.get("error_description", ""))
    tokens = provider_of(registration).complete(registration, server.oauth2_redirect_uri, request.data, answer)
    check_tokens(tokens, registration.endpoints, account_wanted(server))
    return store(registration, tokens, by)


def account_wanted(server: MailServerSettings) -> str:
    """Who has to sign in: `sign in as`, or the sender's own address."""
    return server.oauth2_sign_in_as or parse_address(server.oauth2_sender).address


def take_request(
    server: MailServerSettings, registration: Registration, session_key: str, answer: dict[str, str]
) -> ConsentRequest:
    """The request that this answer belongs to, used up whatever comes of it."""
    request = ConsentRequest.objects.filter(state_hash=digest(answer.get("state", ""))).first()
    if request is None or not request.use_up():
        raise refused("it was used before, or nobody here asked for it")
    if request.session_hash != digest(session_key):
        raise refused("it was asked for in another browser session")
    if request.is_expired:
        raise refused("it took longer than ten minutes")
    if request.settings_version != server.version or request.registration != registration.fingerprint:
        raise refused("the mail server's settings were changed meanwhile")
    return request


def check_issuer(endpoints: Endpoints, answer: dict[str, str]) -> None:
    """RFC 9207: an answer of one provider must not be redeemed at another."""
    issuer = answer.get("iss")
    home = endpoints.login_host or endpoints.authorization_endpoint
    if issuer and urlsplit(issuer).netloc != urlsplit(home).netloc:
        raise refused(f"it came from {urlsplit(issuer).netloc}")


def check_tokens(tokens: Tokens, endpoints: Endpoints, wanted: str) -> None:
    """What must be there before this consent may replace another one."""
    if tokens.account.casefold() != wanted.casefold():
        text = (
            f"{tokens.account or 'An unnamed account'} signed in, but the settings say {wanted}. "
            "Sign in as that account, or change “Sign in as”"
        )
        raise OAuthFailure(Remedy.SETTINGS, "", text)
    if endpoints.smtp_scope.casefold() not in {scope.casefold() for scope in tokens.scopes}:
        raise OAuthFailure(Remedy.SETTINGS, "", missing_scope(endpoints))
    if not tokens.has_refresh_token:
        raise OAuthFailure(Remedy.SETTINGS, "", missing_refresh_token(endpoints))


def missing_scope(endpoints: Endpoints) -> str:
    if endpoints.kind is Kind.GOOGLE:
        return f"The permission {endpoints.smtp_scope} was not given: leave its box ticked on Google's page"
    return (
        f"The permission {endpoints.smtp_scope} was not given: add SMTP.Send (delegated) to the app and consent to it"
    )


def missing_refresh_token(endpoints: Endpoints) -> str:
    if endpoints.kind is Kind.GOOGLE:
        return (
            "Google gave no refresh token, so mail would stop in an hour. Remove this app under "
            "myaccount.google.com > Security > Third-party access, then authenticate again"
        )
    return "Microsoft gave no refresh token, so mail would stop in an hour: allow offline_access for the app"


@transaction.atomic
def store(registration: Registration, tokens: Tokens, by: Any) -> OAuthGrant:
    grant = OAuthGrant.lock()
    grant.connect(
        registration=registration.fingerprint, account=tokens.account, scopes=" ".join(sorted(tokens.scopes)), by=by
    )
    grant.hold_tokens(access_token=tokens.access_token, cache=tokens.cache, expires_at=tokens.expires_at)
    grant.save()
    state = MailServerState.lock()
    if MailServerSettings.load().active_mode == Mode.OAUTH2:
        state.release()
    AuditEvent.record(AuditEvent.Action.CONSENT_GIVEN, tokens.account, by=by)
    return grant


def refused(why: str) -> OAuthFailure:
    return OAuthFailure(Remedy.SETTINGS, "", f"This sign-in cannot be accepted: {why}. Press Authenticate again")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
