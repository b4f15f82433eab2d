"""The panel's parts as tags; how each is used stands in templates/parts/README.md."""

from datetime import datetime
from typing import Any

from django import template
from django.forms import BoundField
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from notifications import access

register = template.Library()

OK, WAITING, WARNING, FAILED, OFF = "ok", "waiting", "warning", "failed", "off"
TONES = {
    OK: ("ok", "sent", "accepted", "success", "enabled", "connected"),
    WAITING: ("waiting", "queued", "sending", "pending", "active"),
    WARNING: (
        "warning",
        "not_set_up",
        "partly_sent",
        "unconfirmed",
        "partial",
        "deferred",
        "ambiguous",
        "paused",
        "safety",
        "reroute",
        "restored",
    ),
    FAILED: ("failed", "held", "refused", "expired", "configuration", "error"),
    OFF: ("off", "cancelled", "disabled", "revoked", "todo"),
}
TONE_OF = {state: tone for tone, states in TONES.items() for state in states}
ICON_OF = {
    "sending": "active",
    "active": "active",
    "held": "held",
    "paused": "held",
    "safety": "held",
    "restored": "held",
    "todo": "todo",
}

MENU = (
    ("", (("dashboard", "Dashboard"),)),
    ("Options", (("mail-server", "Mail Server"),)),
    (
        "Reports",
        (
            ("notifications", "Notifications"),
            ("deliveries", "Deliveries"),
            ("completions", "Completions"),
            ("safety", "Safety"),
            ("inbox", "Inbox"),
        ),
    ),
    (
        "System",
        (("people", "People"), ("tokens", "API tokens"), ("audit", "Audit"), ("health", "Health")),
    ),
)
UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


@register.filter
def tone(state: str) -> str:
    return TONE_OF.get(state, OFF)


@register.filter
def state_icon(state: str) -> str:
    return ICON_OF.get(state, tone(state))


@register.inclusion_tag("parts/_icon.html")
def icon(name: str, label: str = "", extra: str = "") -> dict[str, str]:
    return {"name": name, "label": label, "extra": extra}


@register.inclusion_tag("parts/_badge.html")
def badge(state: str, word: str = "") -> dict[str, str]:
    """`state` is a stored state or outcome, or a tone; without `word` it names itself."""
    return {"tone": tone(state), "icon": state_icon(state), "word": word or state.replace("_", " ").capitalize()}


@register.inclusion_tag("parts/_field.html")
def field(bound: BoundField, note: str = "", size: str = "") -> dict[str, Any]:
    """`note` stands beside the label, `size` is half, third, two-thirds or narrow."""
    kind = getattr(bound.field.widget, "input_type", "")
    grouped = bound.field.widget.use_fieldset
    return {
        "field": bound,
        "note": note,
        "size": size,
        "is_check": kind == "checkbox" and not grouped,
        "grouped": grouped,
    }


@register.inclusion_tag("parts/_ago.html")
def ago(moment: datetime | None, empty: str = "never") -> dict[str, Any]:
    return {"moment": moment and timezone.localtime(moment), "words": moment and distance(moment), "empty": empty}


@register.inclusion_tag("parts/_ago.html")
def due(moment: datetime | None) -> dict[str, Any]:
    """When something happens next: `in 4 min`, or `now` where it is about to."""
    told = ago(moment)
    return told if moment is None or moment > timezone.now() else {**told, "words": "now"}


@register.filter
def lasting(since: datetime) -> str:
    """How long something has been so; in the words, and to the second, of `ago`."""
    return duration(round((timezone.now() - since).total_seconds()))


@register.inclusion_tag("parts/_exact.html")
def exact(moment: datetime) -> dict[str, Any]:
    """For what is kept or printed, where no time is long ago."""
    return {"moment": timezone.localtime(moment), "words": distance(moment)}


def distance(moment: datetime) -> str:
    """`12 s ago`, `in 4 min`: one unit, the largest that fits."""
    seconds = round((timezone.now() - moment).total_seconds())
    words = duration(abs(seconds))
    return f"in {words}" if seconds < 0 else f"{words} ago"


@register.filter
def duration(seconds: float | None) -> str:
    """`under 0.1 s`, `0.8 s`, `45 s`, `12 min`, `3 h`, `2 d`."""
    if seconds is None:
        return ""
    if 0 < seconds < 0.05:
        return "under 0.1 s"
    if 0 < seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    size, unit = next((size, unit) for size, unit in UNITS if seconds >= size or size == 1)
    return f"{int(seconds // size)} {unit}"


@register.filter
def break_at_sign(address: str) -> SafeString:
    """So that one that is too long for its line breaks there, not within a word."""
    name, sign, domain = address.rpartition("@")
    return format_html("{}<wbr>{}{}", name, sign, domain)


@register.filter
def code_spans(text: str) -> SafeString:
    """Our own sentences, with what stands between backticks as code."""
    pieces = enumerate(text.split("`"))
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", piece) if odd % 2 else piece,) for odd, piece in pieces)
    )


@register.simple_block_tag
def card(content: SafeString, title: str = "", about: str = "", flush: bool = False, extra: str = "") -> str:
    """A bordered section; `flush` leaves the padding to what is inside, such as a table."""
    return render_to_string(
        "parts/_card.html", {"content": content, "title": title, "about": about, "flush": flush, "extra": extra}
    )


@register.simple_block_tag
def banner(content: SafeString, state: str, title: str) -> str:
    """What must not be missed; `content` is the text, with its buttons in `<div class="actions">`."""
    return render_to_string(
        "parts/_banner.html", {"content": content, "tone": tone(state), "icon": state_icon(state), "title": title}
    )


@register.inclusion_tag("parts/_menu.html", takes_context=True)
def menu(context: dict[str, Any]) -> dict[str, Any]:
    path = context["request"].path if "request" in context else ""
    sections = []
    for title, entries in MENU:
        allowed = [(label, url_of(name)) for name, label in entries if may(context, name)]
        items = [(label, url, path.startswith(url)) for label, url in allowed if url]
        if items:
            sections.append((title, items))
    return {"sections": sections}


def url_of(name: str) -> str:
    """Its address, or nothing where this installation has no such page."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


@register.simple_tag(takes_context=True)
def may(context: dict[str, Any], name: str, method: str = "GET") -> bool:
    """Whether whoever looks at the page may use that address: `{% may 'delivery-retry' 'POST' as may_retry %}`."""
    user = getattr(context.get("request"), "user", None)
    return user is not None and access.may(user, name, method)


@register.inclusion_tag("parts/_tell.html")
def tell() -> dict[str, Any]:
    """Whom to tell, for those who may not mend it themselves."""
    return {"names": [person.get_username() for person in access.helpers()]}


@register.simple_tag(takes_context=True)
def here(context: dict[str, Any], **changes: Any) -> str:
    """This page's address with some of its query changed; an empty value drops the name."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        if value in ("", None):
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}"
