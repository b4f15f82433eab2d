"""The access token of Graph mode, fetched by one worker for all of them."""

import time
from datetime import timedelta

from django.utils import timezone

from notifications.models import AppToken
from notifications.oauth.client_credentials import AppAnswer, AppRegistration, fetch
from notifications.oauth.errors import OAuthFailure, Remedy
from notifications.oauth.tokens import PATIENCE_SECONDS, POLL_SECONDS, lasts, pause_after


def app_token(registration: AppRegistration, refused: str = "", *, patience: float = PATIENCE_SECONDS) -> str:
    """A valid access token other than `refused`. Raises OAuthFailure: SETTINGS, TLS, or WAIT with its `retry_after`.

    `patience`: seconds to wait for another worker that fetches.
    """
    end = time.monotonic() + min(patience, PATIENCE_SECONDS)
    has_waited = False
    while True:
        row = AppToken.load()
        if row.registration == registration.fingerprint:
            if is_fresh(row) and row.access_token != refused:
                return row.access_token
            check_not_too_soon(row)
            if has_waited:
                check_not_refused(row)
        if row.take_turn(registration.fingerprint, timezone.now()):
            return fetch_for_all(row, registration)
        if time.monotonic() > end:
            text = "another worker is fetching the token, and Microsoft takes its time"
            raise OAuthFailure(Remedy.WAIT, "", text, timedelta(seconds=1))
        has_waited = True
        time.sleep(POLL_SECONDS)


def is_fresh(row: AppToken) -> bool:
    return bool(row.access_token) and lasts(row.fetched_at, row.expires_at)


def check_not_too_soon(row: AppToken) -> None:
    """Raises OAuthFailure within a minute of a failure that time may heal, whoever met it."""
    now = timezone.now()
    if row.retry_at and row.retry_at > now:
        raise OAuthFailure(Remedy.WAIT, "", row.reason, row.retry_at - now)


def check_not_refused(row: AppToken) -> None:
    """Raises OAuthFailure when the call that was waited for failed. Who comes later makes one: it may be mended."""
    if row.reason and not row.is_being_fetched(timezone.now()):
        raise OAuthFailure(Remedy.SETTINGS, "", row.reason)


def fetch_for_all(row: AppToken, registration: AppRegistration) -> str:
    """Needs the turn."""
    try:
        answer = fetch(registration)
    except OAuthFailure as error:
        raise noted(row, error) from error
    # Stored or, where somebody else has the turn by now, not: the token is good in either case.
    store(row, answer)
    return answer.access_token


def store(row: AppToken, answer: AppAnswer) -> None:
    row.end_turn(
        access_token=answer.access_token,
        expires_at=answer.expires_at,
        fetched_at=timezone.now(),
        roles=" ".join(answer.roles),
        # Permissions change from token to token.
        may_draft=None,
        reason="",
        retry_at=None,
    )


def noted(row: AppToken, error: OAuthFailure) -> OAuthFailure:
    """Return `error` as it holds for those who wait too, with the time of the next call if time may resolve it."""
    retry_after = pause_after(error) if error.remedy is Remedy.WAIT else None
    row.end_turn(reason=str(error), retry_at=timezone.now() + retry_after if retry_after else None)
    return OAuthFailure(error.remedy, error.code, error.text, retry_after)
