"""The checks of the mail server's values, the same for the page and for a file."""

from typing import Any

import pytest

from notifications.forms.mail_server import MailServerForm, initial_of
from notifications.forms.test_email import draft_of
from notifications.models import MailServerSettings
from notifications.models.fields import Unreadable
from tests.pki import STRANGER, ca_pem

VALUES = {"server": "mail.example.com", "security": "starttls", "sender": "Deployments <deploy@example.com>"}
SIGNED_IN = {**VALUES, "user": "ops"}


def saved(**columns: Any) -> MailServerSettings:
    """Not in the database: the form only looks at it."""
    values = {"host": "mail.example.com", "port": 587, "user": "ops", "password": "hunter2", "sender": "a@example.com"}
    return MailServerSettings(**{f"basic_{name}": value for name, value in (values | columns).items()})


def form_of(in_force: MailServerSettings | None = None, **values: Any) -> MailServerForm:
    return MailServerForm({**VALUES, **values}, saved=in_force or MailServerSettings())


def values_of(in_force: MailServerSettings | None = None, **values: Any) -> dict[str, Any]:
    form = form_of(in_force, **values)
    assert form.is_valid(), form.errors
    return form.values()


class TestValues:
    def test_the_least_is_a_server_a_security_and_a_sender(self) -> None:
        assert values_of() == {
            "basic_host": "mail.example.com",
            "basic_port": 587,
            "basic_security": "starttls",
            "basic_user": "",
            "basic_password": "",
            "basic_allow_clear_password": False,
            "basic_sender": "Deployments <deploy@example.com>",
            "basic_ca_certificate": "",
            "basic_connect_timeout": 10,
            "basic_total_timeout": 300,
            "basic_most_recipients": None,
            "basic_pace": "unlimited",
        }

    @pytest.mark.parametrize(("security", "port"), [("none", 25), ("starttls", 587), ("tls", 465)])
    def test_the_port_follows_the_security(self, security: str, port: int) -> None:
        assert values_of(security=security)["basic_port"] == port

    def test_a_named_port_wins(self) -> None:
        assert values_of(server="mail.example.com:2525", security="tls")["basic_port"] == 2525

    def test_what_is_saved_reads_back_as_the_same(self) -> None:
        in_force = saved(port=2525, connect_timeout=7, pace="gmail")
        assert values_of(in_force, **initial_of(in_force))["basic_host"] == "mail.example.com"
        assert initial_of(in_force)["server"] == "mail.example.com:2525"

    def test_no_secret_is_among_what_the_form_shows(self) -> None:
        in_force = saved(password="hunter2-the-secret")
        assert "hunter2-the-secret" not in str(MailServerForm(saved=in_force))

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("server", ""),
            ("server", "http://mail.example.com"),
            ("server", "mail.x.com:587:1"),
            ("server", 25),
            ("security", "ssl3"),
            ("security", ""),
            ("sender", ""),
            ("sender", "nobody"),
            ("sender", "a@example.com\r\nBcc: b@example.com"),
            ("sender", "a\x01auth=Bearer x@example.com"),
            ("sender", "Name <a@example.com>, b@example.com"),
            ("user", "two\nlines"),
            ("user", "x" * 321),
            ("password", "nul\0"),
            ("password", "a\r\nb"),
            ("password", "x" * 1001),
            ("password", 7),
            ("clear_password", "perhaps"),
            ("ca_certificate", "nonsense"),
            ("ca_certificate", "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----"),
            ("ca_certificate", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----"),
            ("connect_timeout", 0),
            ("connect_timeout", 61),
            ("connect_timeout", "soon"),
            ("total_timeout", 9),
            ("total_timeout", 901),
            ("most_recipients", 0),
            ("most_recipients", 100_001),
            ("pace", "hasty"),
        ],
    )
    def test_what_cannot_be_used_is_an_error_at_its_field(self, field: str, value: object) -> None:
        assert field in form_of(**{field: value}).errors

    def test_the_time_to_connect_fits_into_the_time_for_one_mail(self) -> None:
        assert "connect_timeout" in form_of(connect_timeout=30, total_timeout=20).errors

    def test_an_international_server_is_kept_as_its_a_label(self) -> None:
        assert values_of(server="bücher.example")["basic_host"] == "xn--bcher-kva.example"

    def test_a_certificate_is_kept_with_clean_line_ends(self) -> None:
        pem = ca_pem()
        assert values_of(ca_certificate=pem.replace("\n", "\r\n") + "  ")["basic_ca_certificate"] == pem.strip() + "\n"


class TestPassword:
    def test_is_taken_with_its_blanks(self) -> None:
        assert values_of(user="ops", password="pass word")["basic_password"] == "pass word"

    def test_left_empty_keeps_the_saved_one(self) -> None:
        assert values_of(saved(), **SIGNED_IN)["basic_password"] == "hunter2"

    def test_the_box_removes_it(self) -> None:
        assert values_of(saved(), clear_password=True)["basic_password"] == ""

    @pytest.mark.parametrize("bullets", ["••••••••", "●●●", "•"])
    def test_bullets_posted_back_keep_it(self, bullets: str) -> None:
        assert values_of(saved(), **SIGNED_IN, password=bullets)["basic_password"] == "hunter2"

    def test_an_unreadable_one_is_kept_as_it_is(self) -> None:
        lost = Unreadable(b"gAAAA")
        assert values_of(saved(password=lost), **SIGNED_IN)["basic_password"] is lost

    def test_a_new_one_and_the_box_contradict_each_other(self) -> None:
        assert "password" in form_of(saved(), **SIGNED_IN, password="new", clear_password="on").errors

    def test_without_a_user_it_belongs_to_nobody(self) -> None:
        assert "user" in form_of(password="new").errors

    def test_a_user_needs_one(self) -> None:
        assert "password" in form_of(user="ops").errors

    def test_the_saved_one_is_not_sent_to_another_server(self) -> None:
        form = form_of(saved(), **{**SIGNED_IN, "server": "mail.evil.example"})

        assert "the server was changed" in form.errors["password"][0]

    @pytest.mark.parametrize(
        ("in_force", "changes", "word"),
        [
            ({}, {"server": "mail.example.com:2525"}, "the port was changed"),
            ({"port": 2525}, {}, "the port was changed"),
            ({}, {"security": "tls"}, "the port was changed"),
            ({}, {"server": "evil.example:25"}, "the server and the port were changed"),
            ({}, {"ca_certificate": ca_pem()}, "the CA certificate was changed"),
            ({"ca_certificate": ca_pem()}, {}, "the CA certificate was changed"),
            ({"ca_certificate": ca_pem()}, {"ca_certificate": ca_pem(STRANGER)}, "the CA certificate was changed"),
            (
                {},
                {"server": "mail.example.com:587", "security": "none", "allow_clear_password": True},
                "the encryption was changed",
            ),
            (
                {"security": "none", "port": 25},
                {"security": "none", "allow_clear_password": True},
                "the encryption was changed",
            ),
        ],
    )
    def test_the_saved_one_is_sent_nowhere_else(
        self, in_force: dict[str, Any], changes: dict[str, Any], word: str
    ) -> None:
        form = form_of(saved(**in_force), **{**SIGNED_IN, **changes})

        assert word in form.errors["password"][0]

    @pytest.mark.parametrize(
        "changes",
        [
            {"sender": "Other <other@example.com>"},
            {"user": "other"},
            {"connect_timeout": 5, "total_timeout": 60, "pace": "gmail"},
            {"server": "mail.example.com:587"},
            {"security": "starttls", "allow_clear_password": True},
        ],
    )
    def test_the_saved_one_is_kept_where_it_goes_to_the_same_place(self, changes: dict[str, Any]) -> None:
        assert values_of(saved(), **{**SIGNED_IN, **changes})["basic_password"] == "hunter2"

    def test_the_same_certificate_with_other_words_around_it_is_no_other(self) -> None:
        in_force = saved(ca_certificate=(pem := ca_pem()))
        values = values_of(in_force, **SIGNED_IN, ca_certificate=f"subject=/CN=Our authority\n{pem}")
        assert values["basic_password"] == "hunter2"

    def test_encryption_may_be_added(self) -> None:
        in_force = saved(security="none", allow_clear_password=True)
        assert values_of(in_force, **SIGNED_IN)["basic_password"] == "hunter2"

    def test_the_case_of_the_servers_name_makes_no_other_server(self) -> None:
        assert values_of(saved(), **{**SIGNED_IN, "server": "MAIL.Example.com"})["basic_password"] == "hunter2"

    def test_another_server_is_fine_with_a_new_one(self) -> None:
        values = values_of(saved(), **{**SIGNED_IN, "server": "mail.other.example"}, password="new")
        assert values["basic_password"] == "new"

    def test_another_server_is_fine_without_any(self) -> None:
        assert values_of(saved(), server="mail.other.example", clear_password="on")["basic_password"] == ""

    def test_an_unreadable_one_stays_home_too(self) -> None:
        form = form_of(saved(password=Unreadable(b"gAAAA")), **{**SIGNED_IN, "server": "mail.evil.example"})
        assert "password" in form.errors

    def test_one_that_was_sent_encrypted_is_typed_again_before_it_goes_in_clear(self) -> None:
        form = form_of(saved(), **{**SIGNED_IN, "security": "none"}, allow_clear_password=True)
        assert "encryption" in form.errors["password"][0]


class TestClearText:
    def test_needs_the_tick(self) -> None:
        assert "allow_clear_password" in form_of(security="none", user="ops", password="pw").errors

    def test_is_possible_with_it(self) -> None:
        values = values_of(security="none", user="ops", password="pw", allow_clear_password="on")
        assert values["basic_allow_clear_password"] is True

    @pytest.mark.parametrize("server", ["localhost:25", "127.0.0.1", "127.3.2.1:1025", "[::1]:25"])
    def test_needs_none_on_this_machine(self, server: str) -> None:
        values = values_of(server=server, security="none", user="ops", password="pw")
        assert values["basic_allow_clear_password"] is False

    def test_needs_none_without_a_password(self) -> None:
        assert values_of(security="none")["basic_security"] == "none"

    def test_a_tick_that_was_not_needed_is_not_kept_for_later(self) -> None:
        values = values_of(user="ops", password="pw", allow_clear_password="on")
        assert values["basic_allow_clear_password"] is False

    def test_a_kept_password_needs_it_too(self) -> None:
        assert (
            "allow_clear_password"
            in form_of(saved(security="none", port=25), **{**SIGNED_IN, "security": "none"}).errors
        )


class TestDraft:
    def draft(self, in_force: MailServerSettings, **values: Any) -> str | None:
        form = form_of(in_force, **values)
        assert form.is_valid(), form.errors
        return draft_of(form, in_force)

    def test_is_none_for_the_values_in_force(self) -> None:
        in_force = saved(sender="a@example.com")
        assert self.draft(in_force, **initial_of(in_force)) is None

    def test_ignores_the_pace_which_one_mail_does_not_feel(self) -> None:
        in_force = saved(sender="a@example.com")
        assert self.draft(in_force, **{**initial_of(in_force), "pace": "gmail"}) is None

    def test_carries_the_kept_password_itself(self) -> None:
        # Looked up when the mail is sent it could be another server's, saved in between.
        assert '"basic_password": "hunter2"' in str(self.draft(saved(), **SIGNED_IN))
