"""A link that lets its reader in does not end up in a log."""

import io
import logging
from collections.abc import Iterator

import pytest
from django.test import Client

from mailadmin.settings import LOGGING
from notifications.access import Role
from notifications.log_masks import WithoutLinks, WithoutSecrets
from notifications.masking import remember
from notifications.models import Invitation
from notifications.setup_link import make_setup_token


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What django.request and its like write while the test runs, as the panel's own handler would."""
    assert LOGGING["handlers"]["stderr"]["filters"] == ["links", "secrets"]
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(WithoutLinks())
    logging.getLogger("django").addHandler(handler)
    yield written
    logging.getLogger("django").removeHandler(handler)


@pytest.mark.django_db
@pytest.mark.parametrize("checks", [True, False], ids=["without a CSRF token", "with a password too short"])
def test_a_link_that_is_still_good_is_not_logged(log: io.StringIO, checks: bool) -> None:
    _, token = Invitation.issue("Vera", Role.VIEWER, by=None)
    for path in (f"/invitation/{token}/", f"/setup/{make_setup_token()}/"):
        response = Client(enforce_csrf_checks=checks).post(path, {"username": "vera", "password1": "short"})
        assert response.status_code in (403, 422)
        assert path.split("/")[2] not in log.getvalue()
    assert "/invitation/…/" in log.getvalue()
    assert "/setup/…/" in log.getvalue()


def test_other_lines_stay_as_they_are() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 1, "Not Found: %s", ("/invitations",), None)
    assert WithoutLinks().filter(record)
    assert record.getMessage() == "Not Found: /invitations"
    assert record.args == ("/invitations",)


def written_with(filters: list[logging.Filter], *arguments: object, **options: object) -> str:
    """One line of a log, as the panel's own handler writes it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    for each in filters:
        handler.addFilter(each)
    logger = logging.Logger("test")
    logger.addHandler(handler)
    logger.warning(*arguments, **options)  # type: ignore[arg-type]
    return written.getvalue()


def test_a_secret_that_a_server_repeated_is_not_logged() -> None:
    remember("correct horse battery")
    error = RuntimeError("535 5.7.8 correct horse battery is wrong")
    text = written_with([WithoutSecrets()], "email %s: %s", 7, error, exc_info=error)
    assert text.count("••••••••") == 2
    assert "RuntimeError: 535 5.7.8 •••••••• is wrong" in text
    assert "horse" not in text
