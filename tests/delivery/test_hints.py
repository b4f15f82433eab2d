"""Publishing, with a broker that is there, away, or silent."""

import socket
from collections.abc import Iterator

import pytest
from kombu import Connection

from notifications.delivery.hints import LOOK, Publisher, broker_error


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Takes connections and never says a word."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(20)
        yield listener.getsockname()[1]


@pytest.fixture
def dead_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def use_broker(monkeypatch: pytest.MonkeyPatch, settings: object, url: str) -> None:
    settings.CELERY_BROKER_URL = url  # type: ignore[attr-defined]
    monkeypatch.setattr("notifications.delivery.hints.current_app.conf.broker_write_url", url)


@pytest.mark.parametrize("transport", ["redis", "amqp"])
@pytest.mark.parametrize("port", ["dead_port", "silent_port"])
def test_a_broker_that_takes_no_hint_is_a_no_and_no_error(
    transport: str, port: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    use_broker(monkeypatch, settings, f"{transport}://127.0.0.1:{request.getfixturevalue(port)}/")
    assert Publisher().publish(LOOK) is False
    assert broker_error() is not None


def test_after_a_failure_the_broker_is_left_alone_for_a_while(
    silent_port: int,
    dead_port: int,
    monkeypatch: pytest.MonkeyPatch,
    settings: object,
    caplog: pytest.LogCaptureFixture,
) -> None:
    use_broker(monkeypatch, settings, f"redis://127.0.0.1:{dead_port}/")
    publisher = Publisher()
    for _ in range(100):
        publisher.publish(LOOK)
    assert len(caplog.records) == 1


def test_without_a_broker_nothing_is_looked_for(settings: object, caplog: pytest.LogCaptureFixture) -> None:
    settings.CELERY_BROKER_URL = ""  # type: ignore[attr-defined]
    assert Publisher().publish(LOOK) is False
    assert caplog.records == []


def test_a_hint_carries_the_key_and_nothing_else(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    use_broker(monkeypatch, settings, redis_url)
    assert Publisher().publish(LOOK, 4711) is True
    with Connection(redis_url) as connection, connection.SimpleQueue("celery") as queue:
        message = queue.get(timeout=5)
        message.ack()
    assert message.content_type == "application/json"
    assert message.payload == [[4711], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]


def test_hints_that_follow_each_other_are_one(
    redis_url: str, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    use_broker(monkeypatch, settings, redis_url)
    publisher = Publisher()
    for _ in range(50):
        publisher.hint()
    with Connection(redis_url) as connection, connection.SimpleQueue("celery") as queue:
        assert 1 <= len(queue) < 10
