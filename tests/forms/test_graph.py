"""The checks of Graph mode's values, the same for the page and for a file."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from notifications.forms.graph import GraphForm, initial_of
from notifications.forms.mail_server import MailServerForm
from notifications.forms.test_email import draft_of
from notifications.models import MailServerSettings, Mode
from notifications.models.fields import Unreadable
from tests.oauth.lab import providers_file

TENANT = "11111111-2222-3333-4444-555555555555"
SECRET = "kept~value"
VALUES = {
    "client_id": "0a1b2c3d-0000-0000-0000-000000000000",
    "tenant_id": TENANT,
    "client_secret": SECRET,
    "sender": "Deployments <deploy@example.com>",
    "save_to_sent_items": "on",
}


def saved(active_mode: str = "graph", **columns: Any) -> MailServerSettings:
    """Not in the database: the form only looks at it."""
    values = {**VALUES, "save_to_sent_items": True, **columns}
    return MailServerSettings(active_mode=active_mode, **{f"graph_{name}": value for name, value in values.items()})


def form_of(in_force: MailServerSettings | None = None, **values: Any) -> GraphForm:
    return GraphForm({**VALUES, **values}, saved=in_force or MailServerSettings())


def values_of(in_force: MailServerSettings | None = None, **values: Any) -> dict[str, Any]:
    form = form_of(in_force, **values)
    assert form.is_valid(), form.errors
    return form.values()


def refusal(field: str, in_force: MailServerSettings | None = None, **values: Any) -> str:
    errors = form_of(in_force, **values).errors
    assert set(errors) == {field}
    return " ".join(errors[field])


@pytest.fixture
def lab(tmp_path: Path, settings: Any) -> None:
    table = {"login_host": "https://localhost:8453", "smtp_host": "localhost", "smtp_scope": "https://x/SMTP.Send"}
    providers_file(tmp_path, settings, microsoft={**table, "graph_host": "https://localhost:8445", "label": "The lab"})


class TestValues:
    def test_the_rest_has_defaults(self) -> None:
        assert values_of() == {
            **{f"graph_{name}": value for name, value in VALUES.items()},
            "graph_cloud": "global",
            "graph_secret_expires": None,
            "graph_save_to_sent_items": True,
            "graph_connect_timeout": 10,
            "graph_total_timeout": 90,
            "graph_most_recipients": 500,
            "graph_pace": "graph",
        }

    def test_what_is_saved_reads_back_as_the_same(self) -> None:
        in_force = saved(cloud="dod", secret_expires=date(2027, 5, 1), save_to_sent_items=False)
        values = values_of(in_force, **{**initial_of(in_force), "client_secret": ""})
        assert all(value == getattr(in_force, column) for column, value in values.items())

    def test_what_is_shown_has_no_secret(self) -> None:
        assert SECRET not in str(GraphForm(saved=saved()))

    def test_nothing_of_smtp_is_asked_for(self) -> None:
        assert not {"port", "security", "user", "redirect_uri"} & set(GraphForm(saved=saved()).fields)

    @pytest.mark.parametrize("field", ["client_id", "tenant_id", "sender"])
    @pytest.mark.parametrize("char", ["\x01", "\x00", "\r\n", "\u2028"])
    def test_a_control_character_is_refused_everywhere(self, field: str, char: str) -> None:
        assert refusal(field, **{field: f"{VALUES[field][:9]}{char}{VALUES[field][9:]}"})

    def test_saving_to_sent_items_is_on_until_it_is_switched_off(self) -> None:
        assert GraphForm(saved=MailServerSettings())["save_to_sent_items"].value() is True
        posted = {name: value for name, value in VALUES.items() if name != "save_to_sent_items"}
        form = GraphForm(posted, saved=MailServerSettings())
        assert form.is_valid()
        assert form.values()["graph_save_to_sent_items"] is False


class TestCloud:
    @pytest.mark.parametrize(
        ("cloud", "host"),
        [
            ("", "graph.microsoft.com"),
            ("gcc-high", "graph.microsoft.us"),
            ("dod", "dod-graph.microsoft.us"),
            ("china", "microsoftgraph.chinacloudapi.cn"),
        ],
    )
    def test_is_chosen_by_the_name_of_its_host(self, cloud: str, host: str) -> None:
        form = form_of(cloud=cloud)
        assert form.is_valid()
        assert form.server_name == host
        assert host in dict(form.fields["cloud"].choices)[form.cleaned_data["cloud"]]  # type: ignore[attr-defined]

    def test_may_be_one_that_the_operator_added(self, lab: None) -> None:
        form = form_of(cloud="microsoft.lab")
        assert form.is_valid()
        assert form.server_name == "localhost:8445"
        assert ("microsoft.lab", "The lab (localhost:8445)") in form.fields["cloud"].choices  # type: ignore[attr-defined]

    def test_is_none_that_has_no_graph(self, tmp_path: Path, settings: Any) -> None:
        table = {"login_host": "https://localhost:8453", "smtp_host": "localhost", "smtp_scope": "https://x/SMTP.Send"}
        providers_file(tmp_path, settings, microsoft=table)
        assert refusal("cloud", cloud="microsoft.lab")

    @pytest.mark.parametrize("cloud", ["https://evil.example", "graph.microsoft.com", "microsoft.lab", "google"])
    def test_is_none_of_the_administrators_own(self, cloud: str) -> None:
        assert "not one of the choices" in refusal("cloud", cloud=cloud)

    def test_page_loads_with_a_file_that_cannot_be_read(self, settings: Any, tmp_path: Path) -> None:
        settings.PROVIDERS_FILE = str(tmp_path / "nothing.toml")
        assert values_of()["graph_cloud"] == "global"


class TestTenant:
    @pytest.mark.parametrize("tenant", [TENANT, TENANT.upper(), "Contoso.onmicrosoft.com"])
    def test_is_a_guid_or_a_domain(self, tenant: str) -> None:
        assert values_of(tenant_id=tenant)["graph_tenant_id"] == tenant.lower()

    @pytest.mark.parametrize("tenant", ["common", "organizations", "Consumers"])
    def test_is_one_organisation(self, tenant: str) -> None:
        assert "signs in to one organisation" in refusal("tenant_id", tenant_id=tenant)

    @pytest.mark.parametrize("tenant", ["", "contoso", "../common", "evil.example/..", "a b.com", "x.com#", "-a.com"])
    def test_is_nothing_else(self, tenant: str) -> None:
        assert refusal("tenant_id", tenant_id=tenant)


class TestSecret:
    def test_is_required(self) -> None:
        assert "cannot sign in without" in refusal("client_secret", client_secret="")

    def test_is_asked_for_whatever_else_is_wrong(self) -> None:
        assert set(form_of(client_secret="", tenant_id="").errors) == {"client_secret", "tenant_id"}

    @pytest.mark.parametrize("nothing", ["", "••••••••"])
    def test_is_kept_when_none_is_given(self, nothing: str) -> None:
        assert values_of(saved(), client_secret=nothing)["graph_client_secret"] == SECRET

    def test_s_id_is_not_its_value(self) -> None:
        assert "ID of a secret" in refusal("client_secret", client_secret=TENANT)

    @pytest.mark.parametrize(
        ("changes", "moved"),
        [
            ({"cloud": "china"}, "cloud"),
            ({"client_id": "another"}, "client ID"),
            ({"tenant_id": "fabrikam.com"}, "tenant"),
            ({"cloud": "dod", "tenant_id": "fabrikam.com"}, "cloud and the tenant"),
        ],
    )
    def test_that_is_saved_follows_to_no_other_place(self, changes: dict[str, str], moved: str) -> None:
        assert f"the {moved} w" in refusal("client_secret", saved(), client_secret="", **changes)

    def test_moves_when_it_is_entered_again(self) -> None:
        values = values_of(saved(), tenant_id="fabrikam.com", client_secret="new~value")
        assert (values["graph_tenant_id"], values["graph_client_secret"]) == ("fabrikam.com", "new~value")

    def test_that_cannot_be_read_is_not_sent(self) -> None:
        form = form_of(saved(client_secret=Unreadable(b"x")), client_secret="")
        assert form.is_valid()
        assert form.sends_unreadable_secret()

    def test_that_was_typed_is_recalled_for_the_same_place_only(self) -> None:
        places = [{**VALUES, **moved} for moved in ({}, {"cloud": "dod"}, {"client_id": "b"}, {"tenant_id": "b.com"})]
        assert len({GraphForm.destination(place) for place in places}) == 4


class TestItsLastDay:
    @pytest.mark.parametrize("given", ["2027-05-01", date(2027, 5, 1)])
    def test_is_a_day(self, given: Any) -> None:
        assert values_of(secret_expires=given)["graph_secret_expires"] == date(2027, 5, 1)

    @pytest.mark.parametrize("given", ["01.05.2027", "2027-02-30", "soon", 5, [], {}, True])
    def test_is_nothing_else(self, given: Any) -> None:
        assert "year-month-day" in refusal("secret_expires", secret_expires=given)


class TestRecipientsPerMessage:
    def test_are_500_where_none_are_given(self) -> None:
        assert values_of(most_recipients="")["graph_most_recipients"] == 500

    @pytest.mark.parametrize("given", [1, 500, 1000, "1000"])
    def test_go_up_to_what_a_tenant_may_set(self, given: Any) -> None:
        assert values_of(most_recipients=given)["graph_most_recipients"] == int(given)

    @pytest.mark.parametrize("given", [0, -1, 1001, "many", 1.5])
    def test_are_nothing_else(self, given: Any) -> None:
        assert refusal("most_recipients", most_recipients=given)


class TestPace:
    def test_is_microsofts_or_none(self) -> None:
        assert values_of(pace="unlimited")["graph_pace"] == "unlimited"
        assert refusal("pace", pace="gmail")

    def test_of_graph_is_no_mail_servers(self) -> None:
        form = MailServerForm({"pace": "graph"}, saved=MailServerSettings())
        assert "not one of the choices" in " ".join(form.errors["pace"])


class TestDraft:
    def draft(self, in_force: MailServerSettings, **values: Any) -> Any:
        form = form_of(in_force, **{**initial_of(in_force), "client_secret": "", **values})
        assert form.is_valid(), form.errors
        text = draft_of(form, in_force)
        return json.loads(text) if text else None

    def test_is_none_for_the_values_in_force(self) -> None:
        assert self.draft(saved(), pace="unlimited", secret_expires="2027-05-01") is None

    def test_of_a_mode_that_is_not_active_names_it(self) -> None:
        assert self.draft(saved(active_mode="basic"))["active_mode"] == Mode.GRAPH

    def test_has_the_kept_secret_in_it(self) -> None:
        found = self.draft(saved(), sender="new@example.com", secret_expires="2027-05-01")
        assert (found["graph_client_secret"], found["graph_sender"]) == (SECRET, "new@example.com")
