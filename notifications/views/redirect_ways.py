"""How the browser comes back from the provider, and which of the ways the Redirect URI on the page takes."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from notifications.forms.redirect_uri import HABIT, is_localhost


@dataclass(frozen=True)
class WayHome:
    name: str
    text: str
    address: str
    is_chosen: bool


def ways_home(uri: str) -> list[WayHome]:
    """Without the one by localhost where plain http is sent on to https before the panel looks at it."""
    panel, path, chosen = urlsplit(settings.PUBLIC_URL), reverse("oauth-callback"), way_of(uri)
    name = panel.netloc if panel.scheme == "https" else "panel.example.com"
    ways = [
        WayHome(
            "The panel's own https address",
            "the browser comes straight back; the panel needs a public name with https.",
            f"https://{name}{path}",
            chosen == "https",
        ),
        WayHome(
            "localhost, answered by the panel",
            "the browser comes straight back when it runs on the panel's machine, or reaches it by a tunnel.",
            f"http://localhost:{settings.PORT}{path}",
            chosen == "localhost",
        ),
        WayHome(
            "Pasting back",
            "works from anywhere: the browser ends on a page that does not load, and you paste its address here.",
            HABIT,
            chosen == "paste",
        ),
    ]
    return [ways[0], ways[2]] if panel.scheme == "https" else ways


def way_of(uri: str) -> str:
    """`https`, `localhost`, or `paste` for every address that is not this panel's."""
    try:
        address, panel = urlsplit(uri), urlsplit(settings.PUBLIC_URL)
        port = address.port
    except ValueError:
        return "paste"
    if address.path not in ("", "/", reverse("oauth-callback")):
        return "paste"
    if address.scheme == "https" == panel.scheme and address.netloc == panel.netloc:
        return "https"
    # Only the panel's own front door reads an answer that comes to the bare address.
    is_here = is_localhost(address.hostname or "") and (port or 80) == settings.PORT
    return "localhost" if address.scheme == "http" == panel.scheme and is_here else "paste"
