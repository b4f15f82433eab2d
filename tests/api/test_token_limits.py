"""What a token may report: for which sources, with links to which hosts, how often, and until when."""

import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from notifications.api.limiter import ALLOWED_FAILURES
from notifications.models import ApiToken, Completion, RateCounter, rate_counter
from notifications.models.api_token import today
from tests.api.errors import error_of
from tests.api.served import talk
from tests.reports import a_body

URL = "/api/v1/completions"
Report = Callable[..., Any]


@pytest.fixture
def limited(client: Client, db: None) -> Callable[..., Report]:
    """`limited(sources=["pdq"])` issues such a token and gives what reports with it."""

    def issue(**limits: Any) -> Report:
        header = {"Authorization": f"Bearer {ApiToken.issue('tool', **limits)[1]}"}

        def report(**fields: Any) -> Any:
            return client.post(URL, a_body(**fields), content_type="application/json", headers=header)

        return report

    return issue


class TestSources:
    @pytest.mark.parametrize("source", ["pdq", "PDQ", "jenkins-7", "Bu\u0308ro"])
    def test_those_listed_are_accepted(self, limited: Callable[..., Report], source: str) -> None:
        report = limited(sources=["pdq", "jenkins-*", "b\u00fcro"])
        assert report(source=source).status_code == 202

    def test_another_one_is_refused_and_stores_nothing(self, limited: Callable[..., Report]) -> None:
        report = limited(sources=["jenkins-*", "ansible"])
        error = error_of(report(source="pdq"), 403, "source_not_allowed")
        assert error["message"] == "This token may not report for the source “pdq”. Allowed: jenkins-*, ansible."
        assert not Completion.objects.exists()

    def test_another_tool_cannot_take_an_id_before_its_owner_reports_it(self, limited: Callable[..., Report]) -> None:
        other, owner = limited(sources=["jenkins"]), limited(sources=["pdq"])
        assert other(source="pdq", id="124", name="something else").status_code == 403
        assert owner(source="pdq", id="124").status_code == 202

    def test_a_repeated_report_of_another_source_is_refused_too(self, limited: Callable[..., Report]) -> None:
        assert limited()(source="pdq").status_code == 202
        assert limited(sources=["jenkins"])(source="pdq").status_code == 403


class TestLinkHosts:
    @pytest.mark.parametrize("url", ["https://tool.example.com:8443/1", "http://TOOL.example.com", "https://ci.corp/x"])
    def test_a_link_to_one_of_them_is_kept(self, limited: Callable[..., Report], url: str) -> None:
        answer = limited(link_hosts=["tool.example.com", "*.corp"])(url=url).json()
        assert answer["warnings"] == []
        assert Completion.objects.get().url == url

    @pytest.mark.parametrize("url", ["https://evil.example/1", "https://tool.example.com.evil.example/"])
    def test_another_link_is_left_out_and_said(self, limited: Callable[..., Report], url: str) -> None:
        answer = limited(link_hosts=["tool.example.com"])(url=url).json()
        assert [warning["field"] for warning in answer["warnings"]] == ["url"]
        assert Completion.objects.get().url == ""

    def test_the_same_report_by_a_token_without_limits_is_still_the_same(self, limited: Callable[..., Report]) -> None:
        first = limited(link_hosts=["tool.example.com"])(url="https://evil.example/1")
        assert limited()(url="https://evil.example/1").content == first.content


class TestRate:
    def test_more_reports_in_a_minute_are_asked_to_wait(
        self, limited: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rate_counter, "time", SimpleNamespace(time=lambda: 6_000_015.5))
        report = limited(reports_per_minute=2)
        responses = [report(id=str(number)) for number in range(3)]
        assert [response.status_code for response in responses[:2]] == [202, 202]
        error = error_of(responses[2], 429, "too_many_reports")
        assert error["message"] == "This token may report 2 times a minute. Send the same again in 45 seconds."
        assert responses[2]["Retry-After"] == "45"

    def test_what_stores_nothing_is_not_counted(self, limited: Callable[..., Report]) -> None:
        report = limited(reports_per_minute=1)
        assert report().status_code == 202
        assert [report(), report(name="other")][0].status_code == 202
        assert report(kind="x").status_code == 422
        assert RateCounter.objects.get().count == 1

    def test_each_token_is_counted_alone(self, limited: Callable[..., Report]) -> None:
        reports = [limited(reports_per_minute=1), limited(reports_per_minute=1)]
        assert [report(id=str(number)).status_code for number, report in enumerate(reports)] == [202, 202]

    def test_a_token_without_a_rate_costs_no_query_more(self, limited: Callable[..., Report]) -> None:
        report = limited()
        report(id="0")
        with CaptureQueriesContext(connection) as queries:
            report(id="1")
        assert not [query for query in queries if "ratecounter" in query["sql"]]


class TestLastDay:
    def test_a_token_is_good_through_its_last_day(self, limited: Callable[..., Report]) -> None:
        assert limited(expires_on=today())().status_code == 202

    def test_it_is_refused_after_it(self, limited: Callable[..., Report]) -> None:
        error = error_of(limited(expires_on=today() - timedelta(days=1))(), 401, "unauthorized")
        assert "expired" in error["message"]


@pytest.mark.django_db(transaction=True)
class TestTwoWebProcesses:
    """Of gunicorn, which count together."""

    def all_at_once(self, gunicorn: int, bodies: list[bytes], secret: str) -> tuple[list[int], int]:
        """The statuses, and how many minutes they took part in."""
        statuses: list[int] = []
        begin = int(time.time()) // 60

        def one(body: bytes) -> None:
            statuses.append(talk(gunicorn, secret, {"Content-Length": str(len(body))}, body)[0])

        threads = [threading.Thread(target=one, args=[body]) for body in bodies]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return statuses, int(time.time()) // 60 - begin + 1

    def test_let_through_as_many_reports_as_a_token_may_send(self, gunicorn: int) -> None:
        secret = ApiToken.issue("tool", reports_per_minute=10)[1]
        bodies = [json.dumps(a_body(id=str(number))).encode() for number in range(30)]
        statuses, minutes = self.all_at_once(gunicorn, bodies, secret)
        assert set(statuses) == {202, 429}
        assert 10 <= statuses.count(202) == Completion.objects.count() <= 10 * minutes

    def test_count_failures_together(self, gunicorn: int) -> None:
        statuses, minutes = self.all_at_once(gunicorn, [b"{}"] * (ALLOWED_FAILURES + 20), "ma_" + "x" * 43)
        assert set(statuses) == {401, 429}
        assert statuses.count(401) == ALLOWED_FAILURES or minutes > 1
