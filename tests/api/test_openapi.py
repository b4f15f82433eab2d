"""The API does what its own document says."""

from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

from mailadmin.wsgi import application
from notifications.intake.values import one_line
from notifications.models import Attempt, AttemptReport, Message, Mode, RateCounter, Recipient
from tests.api.conftest import Post
from tests.base import a_message, begin_attempt
from tests.reports import a_body

# What no schema can say, such as an outcome that is needed where there are no targets, is refused with 422.
ACCEPTED = ["2xx", "401", "404", "409", "422"]
# 202: a report with an odd part is taken, with a warning.
REJECTED = ["202", "4xx"]
CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            "positive_data_acceptance": {"expected-statuses": ACCEPTED},
            "negative_data_rejection": {"expected-statuses": REJECTED},
        }
    }
)

schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application, config=CONFIG)
COMPONENTS = schema.raw_schema["components"]
REPORT = jsonschema_rs.validator_for({"$ref": "#/components/schemas/CompletionReport", "components": COMPONENTS})


@pytest.fixture
def open_connection(db: None) -> Iterator[None]:
    """A served request ends by closing what the test's transaction still needs; Django's own test client knows that."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@schema.parametrize()
@pytest.mark.usefixtures("open_connection")
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_operation_keeps_to_the_document(case: schemathesis.Case, bearer: dict[str, str]) -> None:
    RateCounter.objects.all().delete()  # every case also comes without a token
    response = case.call_and_validate(headers=bearer)
    if response.status_code == 202 and not REPORT.is_valid(plain(case.body)):
        assert response.json()["warnings"]


def plain(body: Any) -> Any:
    """Without what is changed without a warning: characters that nobody sees, and texts of nothing else."""
    if isinstance(body, dict):
        values = {name: plain(value) for name, value in body.items()}
        return {name: value for name, value in values.items() if value != "" or name in ("source", "id", "name")}
    if isinstance(body, list):
        return [plain(value) for value in body]
    return one_line(body) if isinstance(body, str) else body


@pytest.mark.django_db
class TestFoundThings:
    """Generated ids find nothing, so what is found is compared by hand."""

    def test_a_completion_keeps_to_the_document(self, post: Post, client: Client, bearer: dict[str, str]) -> None:
        bodies = (a_body(), a_body(id="2", targets=None), a_body(id="3", started_at=None, url=None))
        for accepted in [post(body).json() for body in bodies]:
            self.compare("/api/v1/completions/{completion_id}", client, accepted["id"], bearer)

    def test_a_mail_keeps_to_the_document_before_during_and_after_its_attempt(
        self, client: Client, bearer: dict[str, str]
    ) -> None:
        message = a_message("ops@peer.test", "ada@peer.test")
        self.compare("/api/v1/messages/{message_id}", client, message.uuid, bearer)
        attempt = begin_attempt(message, mode=Mode.BASIC, settings_version=1, worker="w")
        self.compare("/api/v1/messages/{message_id}", client, message.uuid, bearer)
        assert attempt
        attempt.finish(Attempt.Outcome.PARTIAL, AttemptReport(code="550 5.1.1", text="no such user"))
        message.recipients.update(outcome=Recipient.Outcome.ACCEPTED)
        message.settle()
        assert message.state == Message.State.SENT
        self.compare("/api/v1/messages/{message_id}", client, message.uuid, bearer)

    def compare(self, path: str, client: Client, id: Any, bearer: dict[str, str]) -> None:
        response = client.get(path.partition("{")[0] + str(id), headers=bearer)
        assert response.status_code == 200
        validator = schema[path]["GET"].definition.raw["responses"]["200"]["content"]["application/json"]["schema"]
        jsonschema_rs.validate({**validator, "components": COMPONENTS}, response.json())
