"""Refreshes the consent's tokens, and the app's of Graph mode, ahead of their end, also while no mail goes out.

Microsoft lets a refresh token die after 90 idle days, Google after six months; and a consent that is withdrawn, or a
client secret that ends, at night should be noticed by the panel before the first mail is.
"""

import logging

from django.db import transaction

from notifications.backends.base import BackendError
from notifications.delivery.transport import AppTokens, GrantTokens, backend_error
from notifications.models import HoldReason, MailServerSettings, MailServerState, Mode, OAuthGrant
from notifications.oauth.errors import OAuthFailure
from notifications.oauth.settings import graph_registration_of, registration_of
from notifications.oauth.tokens import PATIENCE_SECONDS

logger = logging.getLogger(__name__)


def keep_consent_alive() -> None:
    """Nothing while the token is fresh. What only a person can mend holds the queue, if OAuth2 is the active mode.

    The active mode without a consent is such a thing too, and is told before the first mail meets it.
    """
    saved = MailServerSettings.load()
    keep_app_token_fresh(saved)
    is_active = saved.active_mode == Mode.OAUTH2 and saved.is_set_up
    if not is_active and OAuthGrant.load().state != OAuthGrant.State.CONNECTED:
        return
    try:
        refresh_if_due(saved)
    except BackendError as error:
        logger.warning("the consent could not be refreshed: %s", error)
        if error.fault.holds and is_active:
            hold(saved, error)


def keep_app_token_fresh(saved: MailServerSettings) -> None:
    """Nothing while it is held: who mends the values tests them, and a probe goes out anyway."""
    if saved.active_mode != Mode.GRAPH or not saved.is_set_up or MailServerState.load().is_held:
        return
    try:
        app_tokens_of(saved).token(PATIENCE_SECONDS)
    except BackendError as error:
        logger.warning("the app's token could not be fetched: %s", error)
        if error.fault.holds:
            hold(saved, error)


def app_tokens_of(saved: MailServerSettings) -> AppTokens:
    try:
        return AppTokens(graph_registration_of(saved))
    except OAuthFailure as error:
        raise backend_error(error) from error


def refresh_if_due(saved: MailServerSettings) -> None:
    try:
        registration = registration_of(saved)
    except OAuthFailure as error:
        raise backend_error(error) from error
    GrantTokens(registration).token(PATIENCE_SECONDS)


@transaction.atomic
def hold(saved: MailServerSettings, error: BackendError) -> None:
    state = MailServerState.lock()
    # What was saved meanwhile deserves a try of its own.
    if MailServerSettings.load().version == saved.version and not state.is_held:
        state.hold(HoldReason(error.fault.value), error.reply.codes, error.reply.text)
