"""The API behind the web server that it is shipped with, over real sockets."""

import json
import threading
from typing import Any

import pytest

from notifications.models import Completion, Message
from tests.api.served import talk
from tests.base import a_notification
from tests.reports import a_body

pytestmark = pytest.mark.django_db(transaction=True)


class TestLengths:
    def test_a_gigabyte_is_refused_before_a_byte_of_it_came(self, gunicorn: int, secret: str) -> None:
        status, answer = talk(gunicorn, secret, {"Content-Length": str(1024**3)})
        assert (status, answer["error"]["code"]) == (413, "too_large")

    def test_a_body_that_breaks_off_stores_nothing(self, gunicorn: int, secret: str) -> None:
        body = json.dumps(a_body()).encode()
        status, answer = talk(gunicorn, secret, {"Content-Length": str(len(body) + 5)}, body, close=True)
        assert (status, answer["error"]["code"]) == (400, "incomplete")
        assert not Completion.objects.exists()


def test_fifty_at_once_get_one_answer(gunicorn: int, secret: str) -> None:
    a_notification()
    body = json.dumps(a_body()).encode()
    answers: list[Any] = []

    def one() -> None:
        answers.append(talk(gunicorn, secret, {"Content-Length": str(len(body))}, body))

    threads = [threading.Thread(target=one) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 50
    assert answers.count(answers[0]) == 50
    assert answers[0][0] == 202
    assert (Completion.objects.count(), Message.objects.count()) == (1, 1)
