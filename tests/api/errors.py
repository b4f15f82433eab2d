"""The one shape of an error."""

from typing import Any


def error_of(response: Any, status: int, code: str) -> dict[str, Any]:
    """The error inside, once status, code and shape are right."""
    assert response.status_code == status, response.content
    assert response["Content-Type"].startswith("application/json")
    body = response.json()
    assert list(body) == ["error"]
    error: dict[str, Any] = body["error"]
    assert error["code"] == code
    assert error["message"]
    assert set(error) <= {"code", "message", "fields"}
    return error
