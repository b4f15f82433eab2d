"""Completions in, and what comes back."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client

from notifications.models import Completion, Message, TargetResult
from tests.api.conftest import Post
from tests.api.errors import error_of
from tests.base import a_notification
from tests.databases import locked_by_somebody
from tests.reports import PC1, PC2, a_body


@pytest.mark.django_db
class TestPost:
    def test_answers_with_the_ids_of_completion_and_mails(self, post: Post) -> None:
        a_notification()
        a_notification()
        response = post(a_body())
        assert response.status_code == 202
        completion = Completion.objects.get()
        mails = [str(message.uuid) for message in Message.objects.order_by("id")]
        assert response.json() == {"id": str(completion.uuid), "messages": mails, "warnings": []}
        assert len(mails) == 2

    def test_the_same_again_gets_the_same_answer(self, post: Post) -> None:
        a_notification()
        assert post(a_body()).content == post(a_body()).content
        assert Message.objects.count() == 1

    def test_the_same_by_another_token_is_still_the_same(self, post: Post, client: Client) -> None:
        from notifications.models import ApiToken

        first = post(a_body())
        other = {"Authorization": f"Bearer {ApiToken.issue('other')[1]}"}
        again = client.post("/api/v1/completions", a_body(), content_type="application/json", headers=other)
        assert again.content == first.content

    def test_is_remembered_with_the_token_it_came_by(self, post: Post) -> None:
        post(a_body())
        assert Completion.objects.get().reported_by.startswith("API token ")

    def test_another_body_under_the_same_id_gets_409(self, post: Post) -> None:
        post(a_body())
        error_of(post(a_body(outcome="success")), 409, "conflict")
        assert Completion.objects.get().outcome == "failed"

    def test_what_does_not_fit_gets_422_field_by_field(self, post: Post) -> None:
        body = a_body(sevrity=1, kind="x", targets=[PC1, PC2 | {"seconds": "3"}])
        fields = error_of(post(body), 422, "invalid_report")["fields"]
        assert {field["field"] for field in fields} == {"sevrity", "kind", "targets[1].seconds"}
        assert all(field["message"] for field in fields)
        assert not Completion.objects.exists()

    @pytest.mark.parametrize(
        "fields",
        [
            {"kind": "rollout"},
            {"outcome": "ok"},
            {"outcome": None, "targets": []},
            {"targets": [PC1] * 20_001},
            {"id": ""},
            {"id": None},
            {"started_at": 1763800000},
            {"sevrity": "high"},
            {"id": 1},
        ],
    )
    def test_nonsense_gets_422(self, post: Post, fields: dict[str, Any]) -> None:
        error_of(post(a_body(**fields)), 422, "invalid_report")

    @pytest.mark.parametrize(
        "odd", ["\r\nBcc: x@y.z", "\x00", "\u2028", "\x85", "\x0b", "<script>", "{{7*7}}", "%s", "😀"]
    )
    def test_odd_characters_do_not_lose_the_mail(self, post: Post, odd: str) -> None:
        a_notification()
        texts = dict.fromkeys(("source", "id", "name", "package", "version", "schedule", "user"), f"a{odd}b")
        response = post(a_body(**texts, targets=[PC1 | {"name": f"a{odd}b", "detail": f"a{odd}b"}]))
        assert response.status_code == 202
        (message,) = Message.objects.all()
        assert set(message.parsed.keys()) <= {
            "Date", "Message-ID", "Subject", "To", "Auto-Submitted", "X-Auto-Response-Suppress",
            "X-Mailadmin-Kind", "X-Mailadmin-Completion", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("fields", "field"),
        [
            ({"url": "https://tool/job/My Job/12/"}, "url"),
            ({"url": "javascript:alert(1)"}, "url"),
            ({"finished_at": "2026-11-22T09:00:00Z"}, "finished_at"),
            ({"started_at": "2026-11-22T11:00:00+0100"}, "started_at"),
            ({"started_at": "2026-11-22T10:00Z"}, "started_at"),
            ({"started_at": "0001-01-01T00:00:00Z"}, "started_at"),
            ({"name": "x" * 501}, "name"),
            ({"id": "x" * 201}, "id"),
            ({"name": None}, "name"),
            ({"targets": PC1}, "targets"),
            ({"targets": [PC1, None]}, "targets[1]"),
        ],
    )
    def test_an_odd_part_is_repaired_or_left_out_and_loses_no_mail(
        self, post: Post, fields: dict[str, Any], field: str
    ) -> None:
        a_notification()
        response = post(a_body(**fields))
        assert response.status_code == 202
        answer = response.json()
        assert [warning["field"] for warning in answer["warnings"]] == [field]
        assert all(warning["message"] for warning in answer["warnings"])
        assert len(answer["messages"]) == 1
        assert post(a_body(**fields)).content == response.content

    def test_the_answer_of_a_repeated_report_keeps_the_first_warnings(self, post: Post) -> None:
        first = post(a_body(url="https://tool/My Job"))
        assert post(a_body(url="https://tool/My%20Job")).content == first.content

    @pytest.mark.parametrize("path", ["/api/v1/completions/", "/api/v1/completions"])
    def test_a_final_slash_makes_no_difference(self, client: Client, bearer: dict[str, str], path: str) -> None:
        response = client.post(path, a_body(), content_type="application/json", headers=bearer)
        assert response.status_code == 202
        found = f"/api/v1/completions/{response.json()['id']}"
        assert client.get(found, headers=bearer).content == client.get(f"{found}/", headers=bearer).content

    @pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "options", "head", "trace"])
    def test_other_methods_get_405(self, client: Client, method: str) -> None:
        response = getattr(client, method)("/api/v1/completions")
        assert response.status_code == 405
        assert response["Allow"] == "POST"
        assert method == "head" or response.json()["error"]["code"] == "method_not_allowed"


@pytest.mark.django_db
class TestGet:
    def test_gives_the_report_back_as_it_was_understood(
        self, post: Post, client: Client, bearer: dict[str, str]
    ) -> None:
        a_notification()
        body = a_body(name=" 7-Zip\x00", started_at="2026-11-22T11:00:00+01:00", outcome=...)
        accepted = post(body).json()
        stored = client.get(f"/api/v1/completions/{accepted['id']}", headers=bearer).json()
        assert stored.pop("received_at")
        expected = a_body(name="7-Zip", outcome="partial", targets=[PC1 | {"detail": None}, PC2])
        assert stored == accepted | {"report": expected}

    def test_gives_its_warnings_back(self, post: Post, client: Client, bearer: dict[str, str]) -> None:
        accepted = post(a_body(name="x" * 501)).json()
        stored = client.get(f"/api/v1/completions/{accepted['id']}", headers=bearer).json()
        assert stored["warnings"] == accepted["warnings"] != []

    @pytest.mark.parametrize(
        "name", [str(UUID(int=0)), "1", "../completions", "%00", "11111111-1111-1111-1111-11111111111g"]
    )
    def test_an_unknown_one_gets_404(self, client: Client, bearer: dict[str, str], name: str) -> None:
        error_of(client.get(f"/api/v1/completions/{name}", headers=bearer), 404, "not_found")


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["", "/", "/nothing", "/completions//", "/docs/x", "/v2/completions", "/a%0Ab"])
def test_there_is_no_page_of_the_panel_within_the_api(client: Client, path: str) -> None:
    error_of(client.get(f"/api/v1{path}" if path else "/api/v1/"), 404, "not_found")


@pytest.mark.django_db(transaction=True)
class TestDatabase:
    def test_a_locked_one_gets_503_and_keeps_nothing(self, post: Post) -> None:
        post(a_body(id="before"))
        with locked_by_somebody("notifications_completion"):
            response = post(a_body())
        error_of(response, 503, "unavailable")
        assert int(response["Retry-After"]) > 0
        assert (Completion.objects.count(), TargetResult.objects.count()) == (1, 2)
        assert post(a_body()).status_code == 202

    def test_a_fault_of_ours_is_told_without_details(self, post: Post) -> None:
        post(a_body(id="before"))
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE notifications_targetresult RENAME COLUMN detail TO secret_detail")
        try:
            response = post(a_body())
        finally:
            with connection.cursor() as cursor:
                cursor.execute("ALTER TABLE notifications_targetresult RENAME COLUMN secret_detail TO detail")
        assert response.status_code in (500, 503)
        assert b"detail" not in response.content
        assert Completion.objects.count() == 1
