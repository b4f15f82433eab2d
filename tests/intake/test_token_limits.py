"""Which link of a report a token may set."""

import pytest

from notifications.intake.token_limits import SourceNotAllowed, allowed_link, refuse_source
from notifications.models import ApiToken
from tests.reports import a_report


def test_link_to_a_listed_host_is_kept_without_a_warning() -> None:
    url = "https://ci.corp/1"
    assert allowed_link(ApiToken(link_hosts=["tool.example.com", "*.corp"]), a_report(url=url)) == (url, [])


@pytest.mark.parametrize("token", [None, ApiToken(link_hosts=[])])
def test_link_is_kept_where_no_hosts_are_listed(token: ApiToken | None) -> None:
    assert allowed_link(token, a_report(url="https://any.example/1")) == ("https://any.example/1", [])


def test_warning_about_another_host_has_its_first_hundred_characters() -> None:
    host = ".".join(["a" * 30] * 5)
    url, warnings = allowed_link(ApiToken(link_hosts=["ci.corp"]), a_report(url=f"https://{host}/1"))
    assert url == ""
    assert [each["field"] for each in warnings] == ["url"]
    assert f" {host[:100]}, " in warnings[0]["message"]


@pytest.mark.parametrize("sources", [[], ["pdq"], ["jenkins-*", "p*"]])
def test_source_is_accepted_where_none_or_a_matching_one_is_listed(sources: list[str]) -> None:
    refuse_source(ApiToken(sources=sources), "pdq")


def test_source_that_is_not_listed_is_refused() -> None:
    with pytest.raises(SourceNotAllowed, match="jenkins, ansible"):
        refuse_source(ApiToken(sources=["jenkins", "ansible"]), "pdq")
