"""Notifications over the API."""

import json
from typing import Any

import pytest
from django.test import Client

from notifications.api.notifications import EXAMPLE, NotificationFields
from notifications.forms.notification import NotificationForm
from notifications.models import ApiToken, Digest, DigestEntry, Message, Notification
from tests.api.errors import error_of
from tests.base import a_completion, a_notification

pytestmark = pytest.mark.django_db
URL = "/api/v1/notifications"


@pytest.fixture
def call(client: Client) -> Any:
    token = ApiToken.issue("terraform", ["read", "manage"])[1]

    def send(method: str, url: str = URL, body: Any = None, headers: Any = None) -> Any:
        data = {"data": json.dumps(body), "content_type": "application/json"} if body is not None else {}
        return getattr(client, method)(url, headers={"Authorization": f"Bearer {token}"} | (headers or {}), **data)

    return send


def test_the_schema_has_the_form_s_fields() -> None:
    assert list(NotificationFields.model_fields) == list(NotificationForm.Meta.fields)


def test_the_example_of_the_docs_is_taken(call: Any) -> None:
    response = call("post", body=EXAMPLE)
    assert response.status_code == 201
    assert response.json()["notification"]["outcomes"] == ["failed", "partial"]
    assert Notification.objects.get().to == ["Operations <ops@example.com>"]


def test_what_is_written_is_read_back(call: Any) -> None:
    body = EXAMPLE | {
        "history": ["first_failure", "recovered"],
        "days": ["mon", "fri"],
        "hours_from": "08:30",
        "hours_until": "17:00",
        "time_zone": "Europe/Berlin",
        "digest": "daily",
        "digest_at": "07:15",
        "attach_csv": True,
        "subject_template": "{{ name }}",
    }
    made = call("post", body=body).json()
    read = call("get", f"{URL}/{made['id']}").json()["notification"]
    assert {name: read[name] for name in body} == body


def test_what_is_read_can_be_written_again(call: Any) -> None:
    made = call("post", body=EXAMPLE | {"digest": "daily", "digest_at": "07:15"}).json()
    again = call("put", f"{URL}/{made['id']}", made["notification"]).json()
    assert again["notification"] == made["notification"]


def test_the_list_is_by_name(call: Any) -> None:
    a_notification(name="b")
    a_notification(name="a")
    assert [each["notification"]["name"] for each in call("get").json()] == ["a", "b"]


def test_replacing_brings_back_the_default_of_what_is_left_out(call: Any) -> None:
    notification = a_notification(package_glob="Fire*", outcomes=["failed"])
    call("put", f"{URL}/{notification.pk}", {"name": "new", "to": ["ops@peer.test"]})
    notification.refresh_from_db()
    assert (notification.name, notification.package_glob, notification.outcomes) == ("new", "", [])


def test_replacing_another_version_than_the_one_that_was_read_is_refused(call: Any) -> None:
    made = call("post", body=EXAMPLE).json()
    url = f"{URL}/{made['id']}"
    assert made["version"] == 0
    for match in ("0", '"1"', "*"):
        assert call("put", url, EXAMPLE, {"If-Match": match}).status_code == 200

    for match in ("0", '"2"', "x", "²"):
        error_of(call("put", url, {**EXAMPLE, "name": "Late"}, {"If-Match": match}), 412, "changed_meanwhile")
    assert call("get", url).json()["version"] == 3
    assert Notification.objects.get().name == EXAMPLE["name"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"to": []}, "to"),
        ({"to": ["nobody"]}, "to"),
        ({"outcomes": ["exploded"]}, "outcomes"),
        ({"digest": "daily"}, "digest_at"),
        ({"subject_template": "{% load x %}"}, "subject_template"),
        ({"enabled": "yes"}, "enabled"),
        ({"min_failed_percent": 101}, "min_failed_percent"),
        ({"colour": "red"}, "colour"),
        ({"hours_from": "25:00"}, "hours_from"),
    ],
)
def test_what_does_not_fit_is_refused_by_field(call: Any, change: dict[str, Any], field: str) -> None:
    error = error_of(call("post", body=EXAMPLE | change), 422, "invalid_notification")
    assert field in [each["field"] for each in error["fields"]]
    assert not Notification.objects.exists()


def test_a_field_that_is_nearly_known_is_brought_to_mind(call: Any) -> None:
    error = error_of(call("post", body=EXAMPLE | {"packages_glob": "x"}), 422, "invalid_notification")
    assert error["fields"][0]["message"] == "is not a field that is known here; did you mean “package_glob”?"


def test_a_name_that_is_taken_is_refused(call: Any) -> None:
    call("post", body=EXAMPLE)
    error = error_of(call("post", body=EXAMPLE), 422, "invalid_notification")
    assert error["fields"][0]["field"] == "name"


@pytest.mark.parametrize("body", [[], "text", 1, None])
def test_only_an_object_is_taken(client: Client, body: Any) -> None:
    token = ApiToken.issue("terraform", ["manage"])[1]
    response = client.post(
        URL, json.dumps(body), content_type="application/json", headers={"Authorization": f"Bearer {token}"}
    )
    error_of(response, 422, "invalid_notification")


def test_deleting_mails_first_what_it_had_collected(call: Any) -> None:
    notification = a_notification(digest=Digest.HOURLY)
    completion = a_completion()
    DigestEntry.objects.create(
        notification=notification, completion=completion, reason="digest", due_at=completion.received_at
    )
    assert call("delete", f"{URL}/{notification.pk}").status_code == 204
    assert not Notification.objects.exists()
    assert Message.objects.get().kind == Message.Kind.DIGEST


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_an_unknown_one_is_not_there(call: Any, method: str) -> None:
    error_of(call(method, f"{URL}/4711", EXAMPLE if method == "put" else None), 404, "not_found")


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_a_token_that_only_reads_changes_nothing(client: Client, method: str) -> None:
    token = ApiToken.issue("reader", ["read", "report"])[1]
    url = URL if method == "post" else f"{URL}/{a_notification().pk}"
    response = getattr(client, method)(
        url, json.dumps(EXAMPLE), content_type="application/json", headers={"Authorization": f"Bearer {token}"}
    )
    error_of(response, 403, "insufficient_scope")
    assert Notification.objects.count() == (0 if method == "post" else 1)
