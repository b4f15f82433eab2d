"""Which version of a row somebody saw before they changed it."""

from django.http import HttpRequest

LONGEST = 9


def seen(request: HttpRequest) -> int | None:
    """The version that the page was made from, if it says so."""
    return version_in(request.POST.get("version", ""))


def version_in(text: str) -> int | None:
    """None for what is no version at all."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST else None
