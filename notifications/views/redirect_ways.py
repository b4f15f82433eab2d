"""How the browser comes back from the provider, and which of the ways the Redirect URI on the page takes."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from notifications.forms.redirect_uri import is_localhost


@dataclass(frozen=True)
class WayHome:
    name: str
    text: str
    address: str
    is_chosen: bool


def ways_home(uri: str) -> list[WayHome]:
    panel = urlsplit(settings.PUBLIC_URL)
    port = panel.port or 80
    callback = f"https://{panel.netloc or 'panel.example.com'}{reverse('oauth-callback')}"
    if panel.scheme != "https":
        callback = f"https://panel.example.com{reverse('oauth-callback')}"
    here = f"http://localhost:{port}{reverse('oauth-callback')}"
    chosen = way_of(uri)
    return [
        WayHome(
            "The panel's own https address",
            "the browser comes straight back; the panel needs a public name with https.",
            callback,
            chosen == "https",
        ),
        WayHome(
            "localhost, answered by the panel",
            "the browser comes straight back when it runs on the panel's machine, or reaches it by a tunnel.",
            here,
            chosen == "localhost",
        ),
        WayHome(
            "Pasting back",
            "works from anywhere: the browser ends on a page that does not load, and you paste its address here.",
            "http://localhost:63766",
            chosen == "paste",
        ),
    ]


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
    return "localhost" if address.scheme == "http" and is_here else "paste"
