"""What every page shows about mail: whether it flows and, if not, why and since when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from notifications.diagnosis import explain
from notifications.diagnosis.expiry import secret_expiry
from notifications.models import Attempt, HoldReason, MailServerSettings, MailServerState, Message, Mode, Safety

THEMES = ("light", "dark")
THEME_COOKIE = "theme"
TITLES = {
    "ok": "Mail is flowing",
    "paused": "Mail is paused",
    "held": "Mail is held",
    "not_set_up": "Mail server not set up",
}


@dataclass(frozen=True)
class MailState:
    """`reason` and `advice` are our sentences, `text` the mail server's own words."""

    kind: str
    reason: str = ""
    text: str = ""
    advice: str = ""
    since: datetime | None = None
    next_try: datetime | None = None
    last_accepted: datetime | None = None
    waiting: int = 0
    needs_consent: bool = False
    # A warning that stops nothing yet: the client secret in use is about to run out.
    secret_expiry: str = ""

    @property
    def title(self) -> str:
        return TITLES[self.kind]

    @property
    def word(self) -> str:
        return self.kind.replace("_", " ")

    @property
    def headline(self) -> str:
        return f"{self.title}: {self.reason[:1].lower()}{self.reason[1:]}" if self.reason else self.title

    @property
    def lasting(self) -> float | None:
        return (timezone.now() - self.since).total_seconds() if self.since else None

    @property
    def needs_banner(self) -> bool:
        return self.kind != "ok"


def panel(request: HttpRequest) -> dict[str, Any]:
    """Context processor; the rows are read only on pages that show them."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    signed_in = getattr(request, "user", None) is not None and request.user.is_authenticated
    return {
        "theme": theme if theme in THEMES else "",
        # Where a form on the page leads back to; a view whose address holds a secret gives another.
        "here": request.get_full_path(),
        "mail_state": SimpleLazyObject(mail_state) if signed_in else None,
        "safety": SimpleLazyObject(Safety.load) if signed_in else None,
    }


def mail_state() -> MailState:
    state, server, now = MailServerState.load(), MailServerSettings.load(), timezone.now()
    if not server.is_set_up:
        return MailState("not_set_up", waiting=waiting())
    if state.is_held:
        return MailState(
            "held",
            reason=state.get_held_reason_display(),
            text=" ".join(part for part in (state.held_code, state.held_text) if part),
            advice=explain(state.held_code, state.held_text, server.active_mode).fix,
            since=state.held_since,
            next_try=state.next_probe_at,
            waiting=waiting(),
            needs_consent=state.held_reason == HoldReason.RECONNECT,
        )
    if state.is_paused(now):
        return MailState(
            "paused",
            text=state.paused_text,
            advice=explain("", state.paused_text, server.active_mode).fix,
            since=state.paused_since,
            next_try=state.paused_until,
            waiting=waiting(),
        )
    return MailState("ok", last_accepted=last_accepted(), secret_expiry=expiry_words(server))


def expiry_words(server: MailServerSettings) -> str:
    expiry = secret_expiry(server, timezone.localdate()) if server.active_mode == Mode.GRAPH else None
    return expiry[1] if expiry else ""


def waiting() -> int:
    return Message.objects.filter(state__in=Message.OPEN).count()


def last_accepted() -> datetime | None:
    accepted = (Attempt.Outcome.ACCEPTED, Attempt.Outcome.PARTIAL)
    return (
        Attempt.objects.filter(outcome__in=accepted)
        .order_by("-started_at")
        .values_list("finished_at", flat=True)
        .first()
    )
