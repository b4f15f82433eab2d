"""Whose consent OAuth2 mode sends with, as the page and the command tell it."""

from dataclasses import dataclass

from notifications.diagnosis.entry import Explanation
from notifications.diagnosis.explain import explain
from notifications.models import MailServerSettings, Mode, OAuthGrant
from notifications.oauth.errors import OAuthFailure
from notifications.oauth.settings import registration_of
from notifications.oauth.tokens import check_usable

TONES = {OAuthGrant.State.NONE: "off", OAuthGrant.State.CONNECTED: "ok", OAuthGrant.State.RECONNECT_NEEDED: "failed"}


@dataclass(frozen=True)
class Connection:
    """`state` is what the stored consent is worth with the saved values, whatever its row says; `reason` why."""

    grant: OAuthGrant
    state: OAuthGrant.State
    reason: str = ""

    @property
    def is_connected(self) -> bool:
        return self.state == OAuthGrant.State.CONNECTED

    @property
    def exists(self) -> bool:
        return self.state != OAuthGrant.State.NONE

    @property
    def tone(self) -> str:
        return TONES[self.state]

    @property
    def explanation(self) -> Explanation | None:
        """None where our own words are all there is to say."""
        return explain("", self.grant.reason, Mode.OAUTH2) if self.grant.reason else None


def connection_of(saved: MailServerSettings) -> Connection:
    grant = OAuthGrant.load()
    if grant.state == OAuthGrant.State.NONE:
        return Connection(grant, OAuthGrant.State.NONE)
    try:
        check_usable(grant, registration_of(saved))
    except OAuthFailure as error:
        return Connection(grant, OAuthGrant.State.RECONNECT_NEEDED, error.text)
    return Connection(grant, OAuthGrant.State.CONNECTED, grant.reason)
