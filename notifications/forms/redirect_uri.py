"""Where a provider sends the browser back to. Chosen here and stored; no request's Host header has a say."""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse

from notifications.forms.server_address import is_loopback

# Microsoft's limit.
LONGEST_REDIRECT_URI = 256
HABIT = "http://localhost:63766"
VISIBLE_ASCII = re.compile(r"[!-~]+")


def default_redirect_uri() -> str:
    """The panel's own callback. On a machine of one's own its host is `localhost`, the one name that Microsoft's portal
    takes without https; and without https elsewhere only pasting back is left."""
    address = urlsplit(settings.PUBLIC_URL)
    path = reverse("oauth-callback")
    if address.scheme == "https":
        return f"{settings.PUBLIC_URL}{path}"
    if is_loopback(address.hostname or ""):
        return f"http://localhost:{address.port or 80}{path}"
    return HABIT


def check_redirect_uri(text: str) -> None:
    """Raises ValidationError for what no provider takes, or what would carry the code in clear over a network."""
    if len(text) > LONGEST_REDIRECT_URI:
        raise ValidationError(f"This is longer than {LONGEST_REDIRECT_URI} characters, the most that Microsoft takes.")
    if not VISIBLE_ASCII.fullmatch(text):
        raise ValidationError("Use plain ASCII characters without spaces; write a name of other letters as xn--….")
    try:
        address = urlsplit(text)
        port = address.port
    except ValueError as error:
        raise ValidationError(f"This is no address: {error}.") from error
    if address.scheme not in ("http", "https") or not address.hostname or port == 0 or "\\" in text:
        raise ValidationError(f"Give a whole address, such as {HABIT}.")
    if address.username is not None or address.password is not None:
        raise ValidationError("Leave out the user before the @: it would stand in clear in every log on the way.")
    if "#" in text:
        raise ValidationError("Leave out the # and what follows: providers refuse an address with a fragment.")
    if address.scheme == "http" and not is_localhost(address.hostname):
        raise ValidationError("Use https://; http:// is for localhost, 127.0.0.1 and [::1] only.")


def is_localhost(host: str) -> bool:
    return host in ("localhost", "127.0.0.1", "::1")
