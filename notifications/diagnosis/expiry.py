"""How long the client secret of Graph mode is good for. Nothing but the portal knows, so somebody typed the day."""

from datetime import date

from notifications.models import MailServerSettings

# Making a new secret wants somebody with rights in the portal, who may be on holiday.
SOON, VERY_SOON, AT_ONCE = 30, 7, 1


def secret_expiry(saved: MailServerSettings, today: date) -> tuple[str, str] | None:
    """A tone (`warning` or `failed`) and a sentence, from 30 days ahead; None before, and where no day was given."""
    expires = saved.graph_secret_expires
    if expires is None or (days := (expires - today).days) > SOON:
        return None
    return tone_of(days), f"The client secret {words_of(days)} ({expires:%Y-%m-%d}). {advice_of(days)}"


def tone_of(days: int) -> str:
    return "failed" if days <= AT_ONCE else "warning"


def words_of(days: int) -> str:
    if days < 0:
        return "expired yesterday" if days == -1 else f"expired {-days} days ago"
    return {0: "expires today", 1: "expires tomorrow"}.get(days, f"expires in {days} days")


def advice_of(days: int) -> str:
    if days < 0:
        return "If mail still goes out, the day given here is wrong; if not, make a new secret and enter it here."
    if days <= VERY_SOON:
        return "Without a new one mail stops then: make one in the portal now, and enter it here."
    return "Make a new one in the portal and enter it here; the old one is good until then."
