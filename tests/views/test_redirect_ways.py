"""Which way home a Redirect URI takes."""

from typing import Any

import pytest

from notifications.views.redirect_ways import way_of, ways_home

CALLBACK = "/mail-server/oauth/callback"


@pytest.mark.parametrize(
    ("public_url", "uri", "way"),
    [
        ("https://panel.example.com", f"https://panel.example.com{CALLBACK}", "https"),
        ("https://panel.example.com", "https://panel.example.com/", "https"),
        ("https://panel.example.com", "https://panel.example.com/elsewhere", "paste"),
        ("https://panel.example.com", f"https://other.example.com{CALLBACK}", "paste"),
        ("https://panel.example.com", "http://localhost:8000", "paste"),
        ("http://127.0.0.1:8000", f"http://localhost:8000{CALLBACK}", "localhost"),
        ("http://127.0.0.1:8000", "http://localhost:8000", "localhost"),
        ("http://127.0.0.1:8000", "http://[::1]:8000/", "localhost"),
        ("http://127.0.0.1:8000", "http://localhost:63766", "paste"),
        ("http://127.0.0.1:8000", "http://localhost:8000/elsewhere", "paste"),
        ("http://127.0.0.1:8000", "http://localhost:99999", "paste"),
        ("http://127.0.0.1:8000", "", "paste"),
    ],
)
def test_a_way_is_known_by_its_address(settings: Any, public_url: str, uri: str, way: str) -> None:
    settings.PUBLIC_URL, settings.PORT = public_url, 8000
    assert way_of(uri) == way
    assert [home.is_chosen for home in ways_home(uri)].count(True) == 1


@pytest.mark.parametrize(
    ("public_url", "ways"),
    [("http://127.0.0.1:8000", ["paste", "localhost", "paste"]), ("https://panel.example.com", ["https", "paste"])],
)
def test_only_ways_that_there_are_lead_straight_back(settings: Any, public_url: str, ways: list[str]) -> None:
    """The first of the panel without https is an example of what another name would bring."""
    settings.PUBLIC_URL, settings.PORT = public_url, 8000
    assert [way_of(way.address) for way in ways_home("")] == ways
