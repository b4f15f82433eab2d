"""A client secret saved for an entry of the operator's file, whose hosts change later."""

from copy import copy
from pathlib import Path
from typing import Any

import pytest

from notifications.forms.graph import GraphForm
from notifications.forms.oauth2 import OAuth2Form
from notifications.models import MailServerSettings
from notifications.oauth.errors import OAuthFailure, Remedy
from notifications.oauth.providers import CLOUDS, GOOGLE, endpoints, secret_hosts
from notifications.oauth.settings import graph_registration_of, registration_of
from tests.oauth.lab import providers_file
from tests.pki import ca_pem

LAB = {
    "login_host": "https://login.lab.test",
    "smtp_host": "smtp.lab.test",
    "smtp_scope": "https://lab.test/SMTP.Send",
    "graph_host": "https://graph.lab.test",
}
OAUTH2 = {
    "provider": "microsoft.lab",
    "client_id": "app",
    "tenant_id": "contoso.com",
    "redirect_uri": "http://localhost:1/",
    "sender": "ops@contoso.com",
}
GRAPH = {"cloud": "microsoft.lab", "client_id": "app", "tenant_id": "contoso.com", "sender": "ops@contoso.com"}
FORMS: dict[str, tuple[type[OAuth2Form | GraphForm], dict[str, str], Any]] = {
    "oauth2": (OAuth2Form, OAUTH2, registration_of),
    "graph": (GraphForm, GRAPH, graph_registration_of),
}
MOVED = [
    {"login_host": "https://login.evil.test"},
    {"smtp_host": "smtp.evil.test"},
    {"smtp_port": 2525},
    {"graph_host": "https://graph.evil.test"},
    {"ca_file": "ca.pem"},
]


@pytest.fixture(params=FORMS)
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def saved(mode: str, tmp_path: Path, settings: Any) -> MailServerSettings:
    """With a secret for the entry as it is at first; not in the database."""
    providers_file(tmp_path, settings, microsoft=LAB)
    return store(mode, MailServerSettings(), client_secret="s3cret~value")


def form_of(mode: str, in_force: MailServerSettings, **changes: Any) -> OAuth2Form | GraphForm:
    form, values, _ = FORMS[mode]
    return form({**values, **changes}, saved=in_force)


def store(mode: str, in_force: MailServerSettings, **changes: Any) -> MailServerSettings:
    form = form_of(mode, in_force, **changes)
    assert form.is_valid(), form.errors
    again = copy(in_force)
    for column, value in form.values().items():
        setattr(again, column, value)
    return again


def move(change: dict[str, Any], folder: Path, settings: Any) -> None:
    (folder / "ca.pem").write_text(ca_pem())
    entry = LAB | change
    if "ca_file" in entry:
        entry["ca_file"] = str(folder / "ca.pem")
    providers_file(folder, settings, microsoft=entry)


@pytest.mark.parametrize("change", MOVED, ids=lambda change: next(iter(change)))
def test_a_moved_entry_gets_no_saved_secret(
    mode: str, saved: MailServerSettings, change: dict[str, Any], tmp_path: Path, settings: Any
) -> None:
    assert FORMS[mode][2](saved).client_secret == "s3cret~value"
    move(change, tmp_path, settings)

    with pytest.raises(OAuthFailure, match="enter it again") as failure:
        FORMS[mode][2](saved)
    assert failure.value.remedy is Remedy.SETTINGS


def test_the_form_asks_for_the_secret_of_a_moved_entry(
    mode: str, saved: MailServerSettings, tmp_path: Path, settings: Any
) -> None:
    move(MOVED[0], tmp_path, settings)

    assert "the entry in MAILADMIN_PROVIDERS_FILE was changed" in form_of(mode, saved).errors["client_secret"][0]
    again = store(mode, saved, client_secret="n3w~value")
    assert FORMS[mode][2](again).client_secret == "n3w~value"


def test_another_label_or_sender_asks_for_nothing(
    mode: str, saved: MailServerSettings, tmp_path: Path, settings: Any
) -> None:
    move({"label": "Our lab"}, tmp_path, settings)

    again = store(mode, saved, sender="Other <other@contoso.com>")
    assert FORMS[mode][2](again).client_secret == "s3cret~value"


def test_a_secret_from_before_entries_were_noted_is_used(mode: str, saved: MailServerSettings) -> None:
    setattr(saved, f"{mode}_secret_hosts", "")
    assert FORMS[mode][2](saved).client_secret == "s3cret~value"


def test_what_is_built_in_is_noted_nowhere() -> None:
    assert {secret_hosts(found) for found in (GOOGLE, *CLOUDS.values(), endpoints("google"))} == {""}


def test_only_a_new_secret_is_noted_with_its_hosts(mode: str, saved: MailServerSettings) -> None:
    column = f"{mode}_secret_hosts"
    assert column not in values_of(mode, saved)
    assert values_of(mode, saved, client_secret="n3w~value").get(column, getattr(saved, column))


def test_a_public_client_has_no_hosts_to_note(tmp_path: Path, settings: Any) -> None:
    providers_file(tmp_path, settings, microsoft=LAB)
    assert "oauth2_secret_hosts" not in values_of("oauth2", MailServerSettings())


def values_of(mode: str, in_force: MailServerSettings, **changes: Any) -> dict[str, Any]:
    form = form_of(mode, in_force, **changes)
    assert form.is_valid(), form.errors
    return form.values()
