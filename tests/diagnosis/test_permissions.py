"""What the app may do, in words, as far as its token and a try tell."""

from datetime import UTC, datetime

import pytest

from notifications.diagnosis.permissions import Permission, Permissions, Way, permissions_of
from notifications.models import AppToken, MailServerSettings
from notifications.oauth.settings import graph_registration_of

pytestmark = pytest.mark.django_db

SEEN = datetime(2026, 11, 20, 8, tzinfo=UTC)
BOTH = "Mail.ReadWrite Mail.Send"


@pytest.fixture
def saved() -> MailServerSettings:
    server = MailServerSettings.load()
    server.graph_client_id, server.graph_tenant_id, server.graph_client_secret = "app", "contoso.com", "secret"
    server.graph_sender = "a@contoso.com"
    server.save()
    return server


def permissions(saved: MailServerSettings, roles: str, may_draft: bool | None = None) -> Permissions:
    fingerprint = graph_registration_of(saved).fingerprint
    AppToken(registration=fingerprint, fetched_at=SEEN, roles=roles, may_draft=may_draft).save()
    return permissions_of(saved)


def one(found: Permissions, name: str) -> Permission:
    (permission,) = [permission for permission in found.found if permission.name == name]
    return permission


def test_both_are_there(saved: MailServerSettings) -> None:
    found = permissions(saved, BOTH)
    assert (one(found, "Mail.Send").word, one(found, "Mail.ReadWrite").word) == ("present", "present")
    assert {permission.tone for permission in found.found} == {"ok", "off"}


def test_it_says_when_that_was_seen(saved: MailServerSettings) -> None:
    assert permissions(saved, BOTH).seen_at == SEEN


def test_user_read_is_not_asked_for(saved: MailServerSettings) -> None:
    found = one(permissions(saved, BOTH), "User.Read")
    assert (found.tone, found.word) == ("off", "not needed")


@pytest.mark.parametrize(("roles", "name"), [("Mail.ReadWrite", "Mail.Send"), ("Mail.Send", "Mail.ReadWrite")])
def test_a_missing_one_is_a_warning_that_names_the_other_way_to_grant_it(
    saved: MailServerSettings, roles: str, name: str
) -> None:
    found = one(permissions(saved, roles), name)
    assert (found.tone, found.word) == ("warning", "missing")
    assert "RBAC for Applications" in found.sentence


def test_a_permission_of_a_like_name_is_not_taken_for_it(saved: MailServerSettings) -> None:
    found = permissions(saved, "Mail.Send.Shared Mail.ReadWrite.All")
    assert {one(found, name).word for name in ("Mail.Send", "Mail.ReadWrite")} == {"missing"}


def test_a_draft_that_could_be_made_tells_of_a_grant_that_no_token_shows(saved: MailServerSettings) -> None:
    found = one(permissions(saved, "", may_draft=True), "Mail.ReadWrite")
    assert (found.tone, "RBAC for Applications grants it" in found.sentence) == ("ok", True)


def test_a_draft_that_was_refused_counts_more_than_the_token(saved: MailServerSettings) -> None:
    found = one(permissions(saved, BOTH, may_draft=False), "Mail.ReadWrite")
    assert (found.tone, found.word) == ("warning", "present, but refused")


@pytest.mark.parametrize("roles", ["", "Mail.Send", BOTH])
@pytest.mark.parametrize("may_draft", [True, False, None])
def test_nothing_says_that_it_will_not_work(saved: MailServerSettings, roles: str, may_draft: bool | None) -> None:
    found = permissions(saved, roles, may_draft)
    assert "failed" not in {permission.tone for permission in found.found}
    words = " ".join([found.way_in_words, *(permission.sentence for permission in found.found)])
    assert [word for word in ("cannot", "will not", "impossible") if word in words] == []


@pytest.mark.parametrize(
    ("may_draft", "way", "words"),
    [
        (True, Way.DRAFTS, "go by drafts"),
        (False, Way.SEND_MAIL, "go by sendMail"),
        (None, Way.UNKNOWN, "tries a draft"),
    ],
)
def test_the_way_is_the_one_that_was_found_out(
    saved: MailServerSettings, may_draft: bool | None, way: Way, words: str
) -> None:
    found = permissions(saved, BOTH, may_draft)
    assert found.way is way
    assert words in found.way_in_words


def test_why_there_is_no_token_is_told(saved: MailServerSettings) -> None:
    AppToken(registration=graph_registration_of(saved).fingerprint, reason="invalid_client: AADSTS7000222").save()
    assert permissions_of(saved) == Permissions(reason="invalid_client: AADSTS7000222")


class TestNothingIsKnown:
    def test_before_the_first_token(self, saved: MailServerSettings) -> None:
        assert permissions_of(saved) == Permissions()

    def test_after_the_values_were_changed(self, saved: MailServerSettings) -> None:
        permissions(saved, BOTH, may_draft=True)
        saved.graph_client_secret = "a new one"
        assert permissions_of(saved).seen_at is None

    def test_of_a_cloud_that_is_gone(self, saved: MailServerSettings) -> None:
        permissions(saved, BOTH, may_draft=True)
        saved.graph_cloud = "microsoft.gone"
        assert permissions_of(saved).seen_at is None
