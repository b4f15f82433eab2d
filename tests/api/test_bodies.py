"""What is refused before anybody looks at the report."""

import gzip
import json
from typing import Any

import pytest
from django.test import Client

from notifications.models import Completion
from tests.api.conftest import Post
from tests.api.errors import error_of
from tests.reports import PC1, a_body

pytestmark = pytest.mark.django_db


def nothing_of(client: Client, bearer: dict[str, str], length: str) -> Any:
    """A request that announces `length` bytes and sends none."""
    about = {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": length}
    return client.generic("POST", "/api/v1/completions", headers=bearer, **about)


class TestForm:
    @pytest.mark.parametrize(
        "content_type",
        ["text/plain", "application/x-www-form-urlencoded", "application/xml", "text/json", ""]
        + ["multipart/form-data; boundary=x", "application/jsonx"],
    )
    def test_another_type_gets_415(self, post: Post, content_type: str) -> None:
        error_of(post(a_body(), content_type=content_type), 415, "unsupported_type")

    @pytest.mark.parametrize(
        "content_type",
        ["application/json; charset=UTF-8", 'Application/JSON;charset="utf8"', "application/json; charset=iso-8859-1"],
    )
    def test_a_charset_makes_no_difference(self, post: Post, content_type: str) -> None:
        assert post(a_body(), content_type=content_type).status_code == 202

    def test_a_compressed_body_gets_415(self, post: Post) -> None:
        body = gzip.compress(b"[" + b" " * 10_000_000 + b"]")
        error_of(post(body, **{"Content-Encoding": "gzip"}), 415, "unsupported_encoding")

    def test_a_body_over_the_limit_gets_413(self, post: Post, settings: Any) -> None:
        error_of(post(b"[" + b" " * settings.API_BODY_LIMIT), 413, "too_large")

    def test_a_body_at_the_limit_is_read(self, post: Post, settings: Any) -> None:
        body = json.dumps(a_body()).encode()
        assert post(body.ljust(settings.API_BODY_LIMIT)).status_code == 202

    def test_twenty_thousand_targets_with_details_fit(self, post: Post) -> None:
        assert post(a_body(targets=[PC1 | {"detail": "x" * 300}] * 20_000)).status_code == 202

    def test_a_body_without_length_gets_411(self, client: Client, bearer: dict[str, str]) -> None:
        error_of(nothing_of(client, bearer, ""), 411, "length_required")

    @pytest.mark.parametrize("length", ["-1", "1e3", "²", "0x10"])
    def test_a_length_that_is_none_gets_400(self, client: Client, bearer: dict[str, str], length: str) -> None:
        error_of(nothing_of(client, bearer, length), 400, "invalid_length")

    @pytest.mark.parametrize("length", ["99999999999", "9" * 5000])
    def test_a_length_beyond_all_bounds_gets_413(self, client: Client, bearer: dict[str, str], length: str) -> None:
        error_of(nothing_of(client, bearer, length), 413, "too_large")


class TestJson:
    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (b" ", "empty"),
            (b"{", "line 1"),
            (b"[" * 100_000, "deep"),
            (b'{"a":' * 100_000, "deep"),
            (b'{"seconds": NaN}', "NaN"),
            (b'{"seconds": -Infinity}', "Infinity"),
            (b'{"seconds": 1e400}', "too large"),
            (b'{"id": "1", "id": "2"}', "twice"),
            (b'{"id": ' + b"1" * 5000 + b"}", "digits"),
            ('{"id": "1"}'.encode("utf-32-be"), "UTF-16"),
            (b'{"name": "\\ud800"}', "surrogate"),
            (b'{"name": "\xc3"}', "UTF-8"),
            (b"[" + b"{}," * 500_000 + b"{}]", "250,000 values"),
        ],
    )
    def test_what_is_no_json_gets_400_with_the_reason(self, post: Post, body: bytes, reason: str) -> None:
        assert reason in error_of(post(body), 400, "invalid_json")["message"]
        assert not Completion.objects.exists()

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
    def test_a_byte_order_mark_is_taken(self, post: Post, encoding: str) -> None:
        response = post(json.dumps(a_body()).encode(encoding))
        assert response.status_code == 202
        assert [warning["field"] for warning in response.json()["warnings"]] == ["report"]

    @pytest.mark.parametrize("body", [b"null", b"1", b'"x"', b"[]", b"true"])
    def test_json_that_is_no_object_gets_422(self, post: Post, body: bytes) -> None:
        error_of(post(body), 422, "invalid_report")
