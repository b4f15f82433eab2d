"""Access tokens that are always fresh, refreshed by one worker at a time."""

import time
from datetime import datetime, timedelta

from django.utils import timezone

from notifications.models import OAuthGrant
from notifications.models.fields import Unreadable
from notifications.oauth.errors import OAuthFailure, Remedy
from notifications.oauth.registration import Registration, Tokens
from notifications.oauth.settings import provider_of

# A token is replaced this long before its end, or at the last quarter of a short life.
MARGIN = timedelta(minutes=5)
# Between two calls to a provider that does not answer, over all workers; longer where it asks for more.
RETRY_AFTER, LONGEST_RETRY_AFTER = timedelta(minutes=1), timedelta(hours=1)
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.1


def access_token(registration: Registration, refused: str = "", *, patience: float = PATIENCE_SECONDS) -> str:
    """A valid access token of the stored consent, other than `refused`. Raises OAuthFailure.

    `patience`: seconds to wait for another worker that refreshes.
    """
    end = time.monotonic() + min(patience, PATIENCE_SECONDS)
    while True:
        grant = OAuthGrant.load()
        check_usable(grant, registration)
        if is_fresh(grant) and grant.access_token != refused:
            return grant.access_token
        check_not_too_soon(grant)
        if grant.take_lease(timezone.now()):
            if token := refresh(grant, registration):
                return token
        elif time.monotonic() > end:
            raise OAuthFailure(Remedy.WAIT, "", "another worker has been refreshing the token for a minute")
        else:
            time.sleep(POLL_SECONDS)


def check_usable(grant: OAuthGrant, registration: Registration) -> None:
    """Raises OAuthFailure when only a new consent can help."""
    if grant.state == OAuthGrant.State.NONE:
        raise OAuthFailure(Remedy.RECONNECT, "", "Nobody has pressed Authenticate yet")
    if grant.state == OAuthGrant.State.RECONNECT_NEEDED:
        raise OAuthFailure(Remedy.RECONNECT, "", grant.reason)
    if grant.registration != registration.fingerprint:
        raise OAuthFailure(Remedy.RECONNECT, "", "The consent was given to another registration than the one saved now")
    if isinstance(grant.cache, Unreadable):
        raise OAuthFailure(Remedy.RECONNECT, "", "The saved consent cannot be read with the present FERNET_KEYS")


def is_fresh(grant: OAuthGrant) -> bool:
    return bool(grant.access_token) and lasts(grant.refreshed_at, grant.expires_at)


def lasts(since: datetime | None, until: datetime | None) -> bool:
    """Whether what was given `since` is good for one more mail."""
    if since is None or until is None:
        return False
    return until - timezone.now() > min(MARGIN, (until - since) / 4)


def check_not_too_soon(grant: OAuthGrant) -> None:
    """Raise OAuthFailure while no call is due."""
    now = timezone.now()
    if grant.retry_at and grant.retry_at > now:
        raise OAuthFailure(Remedy.WAIT, "", grant.reason, grant.retry_at - now)


def pause_after(error: OAuthFailure) -> timedelta:
    """Return the time until the next call to a provider that did not answer with `error.remedy` WAIT."""
    return min(max(error.retry_after or RETRY_AFTER, RETRY_AFTER), LONGEST_RETRY_AFTER)


def refresh(grant: OAuthGrant, registration: Registration) -> str:
    """The new token, stored before it is used; empty when a new consent came meanwhile. Needs the lease."""
    try:
        tokens = provider_of(registration).refresh(registration, grant.cache)
    except OAuthFailure as error:
        if not note(grant, error):
            return ""  # a new consent came meanwhile, of which this says nothing
        raise
    return tokens.access_token if store(grant, tokens) else ""


def store(grant: OAuthGrant, tokens: Tokens) -> bool:
    return grant.give_back(
        access_token=tokens.access_token,
        cache=tokens.cache,
        expires_at=tokens.expires_at,
        refreshed_at=timezone.now(),
        retry_at=None,
        reason="",
    )


def note(grant: OAuthGrant, error: OAuthFailure) -> bool:
    """What a failed refresh means for every worker; False, and nothing noted, when it was of an old consent."""
    if error.remedy is Remedy.RECONNECT:
        return grant.give_back(state=OAuthGrant.State.RECONNECT_NEEDED, reason=str(error))
    if error.remedy is Remedy.WAIT:
        return grant.give_back(retry_at=timezone.now() + pause_after(error), reason=str(error))
    # Wrong settings hold the queue; once they are mended, nothing must remind of them.
    return grant.give_back()
