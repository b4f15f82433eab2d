"""Options > Preferences > Mail Server: show, save, conflict, probe."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from notifications.models import HoldReason, MailServerSettings, MailServerState, Message
from notifications.models.fields import SecretField
from tests.base import a_completion, a_message, use_smtp

SECRET = "hunter2-never-in-a-page"
TYPED = "typed-and-never-in-a-page"
VALUES = {
    "server": "mail.example.com",
    "security": "starttls",
    "user": "ops",
    "password": "",
    "sender": "Deployments <deploy@example.com>",
    "ca_certificate": "",
    "connect_timeout": "10",
    "total_timeout": "45",
    "pace": "unlimited",
}


@pytest.fixture
def in_force(db: None) -> MailServerSettings:
    return use_smtp(host="mail.example.com", port=587, security="starttls", user="ops", password=SECRET)


def save(page: Client, **changes: Any) -> Any:
    version = MailServerSettings.load().version
    return page.post(reverse("mail-server-basic"), {**VALUES, "version": version, **changes})


class TestPage:
    def test_shows_what_is_saved_and_no_secret(self, page: Client, in_force: MailServerSettings) -> None:
        text = page.get(reverse("mail-server")).content.decode()

        assert 'value="mail.example.com"' in text
        assert "A password is saved" in text
        assert SECRET not in text

    def test_is_never_stored_by_a_browser(self, page: Client) -> None:
        assert "no-store" in page.get(reverse("mail-server"))["Cache-Control"]

    def test_says_that_an_unreadable_secret_must_be_typed_again(
        self, page: Client, in_force: MailServerSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # A ciphertext of another purpose, as one moved from another column would be.
        monkeypatch.setattr(SecretField, "purpose", "another.column")
        in_force.save()
        monkeypatch.undo()

        assert "cannot be read with the present keys" in page.get(reverse("mail-server")).content.decode()

    def test_offers_only_the_modes_there_are(self, page: Client) -> None:
        text = page.get(reverse("mail-server"), {"mode": "carrier-pigeon"}).content.decode()
        assert text.count('class="radio-card"') == 3
        assert 'id="mode-basic" href="/mail-server/?mode=basic" aria-current="true"' in text

    def test_says_of_each_mode_when_its_own_values_were_changed(
        self, page: Client, ada: User, in_force: MailServerSettings
    ) -> None:
        in_force.save_version({"oauth2_client_id": "x", "oauth2_sender": "a@b.example"}, seen=in_force.version, by=ada)
        text = page.get(reverse("mail-server"), {"mode": "basic"}).content.decode()
        assert f"<p>Version {in_force.version - 1}, saved" in text
        assert "by ada" not in text

    def test_is_for_people_who_signed_in(self, db: None) -> None:
        response = Client().get(reverse("mail-server"))
        assert (response.status_code, response["Location"]) == (302, "/sign-in/?next=/mail-server/")


class TestSave:
    def test_stores_the_next_version_and_who_made_it(
        self, page: Client, ada: User, in_force: MailServerSettings
    ) -> None:
        response = save(page, user="deploy")

        saved = MailServerSettings.load()
        assert response["Location"] == reverse("mail-server")
        assert (saved.basic_user, saved.basic_password, saved.saved_by) == ("deploy", SECRET, ada)
        assert saved.version == in_force.version + 1

    def test_lets_held_mail_go(self, page: Client, in_force: MailServerSettings) -> None:
        MailServerState.load().hold(HoldReason.SIGN_IN, "535", "no")
        save(page)
        assert not MailServerState.load().is_held

    def test_with_an_error_changes_nothing_and_keeps_what_was_typed(
        self, page: Client, in_force: MailServerSettings
    ) -> None:
        response = save(page, server="mail.x.com:587:1", sender="Typed <typed@example.com>")

        text = response.content.decode()
        assert response.status_code == 422
        assert "more than one colon" in text
        assert "mail.x.com:587:1" in text
        assert "typed@example.com" in text
        assert MailServerSettings.load().version == in_force.version

    def test_a_typed_password_survives_an_error_without_being_in_the_page(
        self, page: Client, in_force: MailServerSettings
    ) -> None:
        refused = save(page, password=TYPED, sender="nobody")
        save(page, use_kept_password="1")

        assert TYPED not in refused.content.decode()
        assert "is kept for 15 minutes" in refused.content.decode()
        assert MailServerSettings.load().basic_password == TYPED

    def test_a_kept_password_does_not_follow_to_another_server(
        self, page: Client, in_force: MailServerSettings
    ) -> None:
        save(page, password=TYPED, sender="nobody")
        response = save(page, use_kept_password="1", server="mail.evil.example")

        assert response.status_code == 422
        assert "and the server was changed" in response.content.decode()
        assert MailServerSettings.load().basic_password == SECRET

    @pytest.mark.parametrize(
        ("wrong", "right"),
        [
            ({"user": ""}, {"user": "ops"}),
            ({"security": "none"}, {"security": "starttls"}),
            ({"sender": "nobody"}, {"server": "mail.example.com:2525"}),
        ],
    )
    def test_a_kept_password_is_good_for_the_same_server_when_the_rest_is_mended(
        self, page: Client, in_force: MailServerSettings, wrong: dict[str, str], right: dict[str, str]
    ) -> None:
        refused = save(page, password=TYPED, **wrong)
        save(page, use_kept_password="1", **right)

        assert "is kept for 15 minutes" in refused.content.decode()
        assert MailServerSettings.load().basic_password == TYPED

    def test_nothing_is_promised_while_the_server_is_not_certain(
        self, page: Client, in_force: MailServerSettings
    ) -> None:
        text = save(page, password=TYPED, server="mail.example.com:587:1").content.decode()

        assert "is kept for 15 minutes" not in text
        assert "Type the password again" in text
        assert "typed_secret" not in page.session

    def test_a_kept_password_that_was_typed_for_encryption_is_never_sent_in_clear(
        self, page: Client, in_force: MailServerSettings
    ) -> None:
        MailServerSettings.objects.update(basic_password="")
        save(page, password=TYPED, sender="nobody")
        response = save(page, use_kept_password="1", security="none", allow_clear_password="on")

        assert response.status_code == 422
        assert MailServerSettings.load().basic_password == ""

    def test_a_kept_password_is_not_readable_in_the_session(self, page: Client, in_force: MailServerSettings) -> None:
        save(page, password=TYPED, sender="nobody")
        assert TYPED not in str(dict(page.session))

    def test_forgets_the_kept_password(self, page: Client, in_force: MailServerSettings) -> None:
        save(page, password=TYPED, sender="nobody")
        save(page, use_kept_password="1")
        assert "typed_secret" not in page.session

    def test_refused_takes_the_focus(self, page: Client, in_force: MailServerSettings) -> None:
        text = save(page, sender="nobody").content.decode()
        assert 'class="error-summary" role="alert" tabindex="-1" data-focus autofocus' in text
        assert "data-unsaved" in text


class TestConflict:
    def stale(self, page: Client, in_force: MailServerSettings, **changes: Any) -> Any:
        seen = in_force.version
        use_smtp(host="mail.example.com", port=587, security="starttls", sender="Other <other@example.com>")
        return save(page, **{"version": str(seen), "sender": "Mine <mine@example.com>", **changes})

    def test_shows_both_sides_and_saves_neither(self, page: Client, in_force: MailServerSettings) -> None:
        response = self.stale(page, in_force)

        text = response.content.decode()
        assert response.status_code == 409
        assert "Somebody saved while you were editing" in text
        assert "Other &lt;other@example.com&gt;" in text
        assert 'value="Mine &lt;mine@example.com&gt;"' in text
        assert MailServerSettings.load().basic_sender == "Other <other@example.com>"

    def test_is_settled_by_saving_again_with_the_new_version(self, page: Client, in_force: MailServerSettings) -> None:
        self.stale(page, in_force, password=TYPED)
        save(page, sender="Mine <mine@example.com>", use_kept_password="1")

        saved = MailServerSettings.load()
        assert (saved.basic_sender, saved.basic_password) == ("Mine <mine@example.com>", TYPED)

    def test_carries_the_new_version_and_no_secret(self, page: Client, in_force: MailServerSettings) -> None:
        text = self.stale(page, in_force, password=TYPED).content.decode()

        assert f'name="version" value="{in_force.version + 1}"' in text
        assert "a new one" in text
        assert TYPED not in text
        assert SECRET not in text

    @pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30, "٣"])
    def test_a_version_that_is_none_is_a_conflict(
        self, page: Client, in_force: MailServerSettings, version: str
    ) -> None:
        assert save(page, version=version).status_code == 409


class TestFirstSteps:
    def test_greet_a_new_installation(self, page: Client, in_force: MailServerSettings) -> None:
        text = page.get(reverse("mail-server")).content.decode()
        assert "Three steps to the first notification" in text
        assert "/api/v1/completions" in text
        assert escape('"outcome": "failed"') in text

    def test_are_not_done_with_a_report_that_came_to_no_mail(self, page: Client, in_force: MailServerSettings) -> None:
        completion = a_completion()
        text = page.get(reverse("mail-server")).content.decode()
        assert "Reported, but no notification matched." in text
        assert f"/completions/{completion.uuid}/#why" in text

    def test_say_what_is_saved_whatever_is_typed(self, page: Client, settings: Any) -> None:
        settings.CAPTURE_INBOX_PORT = 2526
        use_smtp(host="127.0.0.1", port=2526)
        assert "What is saved here is the <a" in page.get(reverse("mail-server")).content.decode()


class TestTheFirstTest:
    def test_goes_to_ones_own_address(self, page: Client) -> None:
        assert 'value="ada@contoso.test"' in page.get("/mail-server/").content.decode()

    def test_asks_who_has_none_where_it_goes_also_while_the_built_in_inbox_takes_the_mail(
        self, db: None, client: Client, settings: Any
    ) -> None:
        client.force_login(User.objects.create_user("nora", is_staff=True))
        settings.CAPTURE_INBOX_PORT = 2526
        use_smtp(host="127.0.0.1", port=2526)
        field = re.search(r'<input[^>]*id="id_test_to"[^>]*>', client.get("/mail-server/").content.decode())
        assert field
        assert "value=" not in field[0]


class TestASave:
    def test_makes_what_waits_for_a_retry_due_at_once(self, page: Client, in_force: MailServerSettings) -> None:
        later = timezone.now() + timedelta(hours=1)
        message = a_message(next_attempt_at=later)
        version = {"version": str(in_force.version), "clear_password": "on", "user": ""}
        assert page.post(reverse("mail-server-basic"), {**VALUES, **version}).status_code == 302
        assert Message.objects.get(pk=message.pk).next_attempt_at < later
