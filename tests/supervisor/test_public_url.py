import pytest
from django.conf import settings as used

from notifications.checks import public_addresses
from supervisor.public_url import fault, split

EXAMPLE = "it like https://panel.example.com"


@pytest.mark.parametrize(
    "url",
    [
        "https://panel.example.com",
        "http://panel",
        "HTTPS://Panel.Example.COM:8443",
        "http://127.0.0.1:8000",
        "http://[::1]:8000",
        "https://xn--pnel-loa.example.com",
        "https://panel:1",
        "https://panel:65535",
    ],
)
def test_a_host_name_with_its_scheme_is_an_address(url: str) -> None:
    assert fault(url) == ""
    assert split(url).hostname


@pytest.mark.parametrize(
    ("url", "reason", "write"),
    [
        ("https://panel.example.com/mailadmin", "has something behind", "https://panel.example.com"),
        ("https://panel.example.com:8443/a/b", "has something behind", "https://panel.example.com:8443"),
        ("https://panel.example.com?x=1", "has something behind", "https://panel.example.com"),
        ("https://panel.example.com?", "has something behind", "https://panel.example.com"),
        ("https://panel.example.com#", "has something behind", "https://panel.example.com"),
        ("https://panel.example.com\\x", "has something behind", "https://panel.example.com"),
        ("panel.example.com", "does not begin with https://", "https://panel.example.com"),
        ("panel.example.com:8443", "does not begin with https://", "https://panel.example.com:8443"),
        ("panel.example.com/mailadmin", "does not begin with https://", "https://panel.example.com"),
        ("//panel.example.com", "does not begin with https://", "https://panel.example.com"),
        ("https:/panel.example.com", "does not begin with https://", "https://panel.example.com"),
        ("ftp://panel.example.com", "does not begin with https://", "https://panel.example.com"),
        ("https://ada:secret@panel.example.com", "contains a user name", "https://panel.example.com"),
        ("https://panel.example.com:0", "has a port that is not a number", "https://panel.example.com"),
        ("https://panel.example.com:65536", "has a port that is not a number", "https://panel.example.com"),
        ("https://panel.example.com:http", "has a port that is not a number", "https://panel.example.com"),
        ("https://panel.example.com:", "has a port that is not a number", "https://panel.example.com"),
        ("https://pänel.example.com", "has no valid host name", "https://xn--pnel-loa.example.com"),
        ("https://panel .example.com", "contains a blank", EXAMPLE),
        ("https:// panel.example.com", "contains a blank", "https://panel.example.com"),
        ("https://panel.example.com\u2028x", "contains a blank", EXAMPLE),
        ("https://panel\x00", "contains a blank or a control character", EXAMPLE),
        ("https://", "has no valid host name", EXAMPLE),
        ("https://pa_nel.example.com", "has no valid host name", EXAMPLE),
        ("https://panel..example.com", "has no valid host name", EXAMPLE),
        ("https://-panel.example.com", "has no valid host name", EXAMPLE),
        ("https://[::1", "has no valid host name", EXAMPLE),
        ("https://[::::]", "has no valid host name", EXAMPLE),
        ("https://" + "a" * 64 + ".com", "has no valid host name", EXAMPLE),
        ("https://℀.com", "has no valid host name", EXAMPLE),
        ("", "does not begin with https://", EXAMPLE),
    ],
)
def test_anything_else_is_refused_with_what_to_write(url: str, reason: str, write: str) -> None:
    assert fault(url).startswith(reason)
    assert fault(url).endswith(f"Write {write}")
    assert split(url).netloc == ""


def test_the_check_names_the_variable(settings: object) -> None:
    settings.PUBLIC_URL = "panel.example.com"  # type: ignore[attr-defined]
    (found,) = public_addresses()
    assert found.id == "notifications.E008"
    assert found.msg == "PUBLIC_URL does not begin with https:// or http://. Write https://panel.example.com"


@pytest.mark.parametrize("host", ["https://panel", "panel:8000", "pan el", "panel/", "*.example.com", "pänel"])
def test_an_allowed_host_that_is_none_is_named(settings: object, host: str) -> None:
    settings.ALLOWED_HOSTS = ["localhost", host]  # type: ignore[attr-defined]
    (found,) = public_addresses()
    assert found.id == "notifications.E009"
    assert repr(host) in found.msg


def test_what_django_allows_is_fine(settings: object) -> None:
    settings.ALLOWED_HOSTS = ["*", ".example.com", "Panel", "127.0.0.1", "[::1]"]  # type: ignore[attr-defined]
    assert public_addresses() == []
    assert used.PUBLIC_URL
