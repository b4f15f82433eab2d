"""The first page, with and without anything to tell."""

from django.test import Client
from django.urls import reverse


def test_opens(page: Client) -> None:
    text = page.get(reverse("dashboard")).content.decode()
    assert "What to do next" in text


def test_h(page: Client) -> None:
    assert page.get(reverse("health")).status_code == 200
