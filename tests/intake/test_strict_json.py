import json
import tracemalloc
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.intake.strict_json import MAX_VALUES, InvalidJson, loads

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner, max_size=20),
)


@given(JSON)
def test_reads_whatever_json_can_say(value: Any) -> None:
    assert loads(json.dumps(value).encode()) == value
    assert loads(json.dumps(value, ensure_ascii=False).encode()) == value


@given(
    st.binary() | st.text().map(str.encode) | st.text('[]{}",:0123456789eE+-.\\ud8truefalsnNaInity ').map(str.encode)
)
def test_raises_nothing_but_its_one_error(raw: bytes) -> None:
    with suppress(InvalidJson):
        loads(raw)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xef\xbb\xbf", "line 1"),
        (b"\xff\xfe{", "not UTF-16"),
        ("{}".encode("utf-16-le"), "looks like UTF-16"),
        (b'"\xff"', "not UTF-8"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        (b'{"a": NaN}', "NaN"),
        (b"[Infinity]", "Infinity"),
        (b"[-Infinity]", "-Infinity"),
        (b"1e999", "too large"),
        (b"9" * 5000, "digits"),
        (b'{"a": 1, "a": 2}', "same key twice"),
        (b'{"t": [{"b": 1, "\\u0062": 1}]}', "same key twice"),
        (b"[" * 100_000, "too deeply"),
        (b'{"a":' * 100_000, "too deeply"),
        (b'"\\ud800"', "surrogate"),
        (b'{"\\uDFFF": 1}', "surrogate"),
        (b'"\\ude00\\ud83d"', "surrogate"),
        (b'{"a": 1,}', "line 1"),
        (b"{'a': 1}", "line 1"),
        (b'{"a": "\n"}', "control character"),
        (b"{} {}", "Extra data"),
        (json.dumps({str(key): 1 for key in range(101)}).encode(), "100 keys"),
    ],
)
def test_refuses_with_a_reason(raw: bytes, reason: str) -> None:
    with pytest.raises(InvalidJson, match=reason):
        loads(raw)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_reads_what_a_byte_order_mark_announces(encoding: str) -> None:
    assert loads('\ufeff{"a": "Büro"}'.encode(encoding)) == {"a": "Büro"}


N = 8 * 1024 * 1024
MANY = {
    "lists": b"[" + b"[]," * (N // 3 - 1) + b"[]]",
    "objects": b"[" + b"{}," * (N // 3 - 1) + b"{}]",
    "numbers": b"[" + b"0," * (N // 2 - 1) + b"0]",
    "strings": b"[" + b'"",' * (N // 3 - 1) + b'""]',
    "depth": b"[" * N,
    "one key again and again": b"{" + b'"a":0,' * (N // 6 - 1) + b'"a":0}',
    "commas after an unfinished text": b"[" + b"0," * (N // 4) + b'"' + b'\\"' * (N // 4),
}


@pytest.mark.parametrize("body", MANY.values(), ids=MANY)
def test_many_values_are_refused_before_they_are_built(body: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(InvalidJson, match="more than 250,000 values"):
            loads(body)
        # The text, and nothing made of it.
        assert tracemalloc.get_traced_memory()[1] < len(body) + 1024**2
    finally:
        tracemalloc.stop()


def test_commas_in_texts_are_no_values() -> None:
    assert loads(b'["' + b"[,{" * 1_000_000 + b'"]')


def test_as_many_values_as_there_may_be_are_read() -> None:
    assert len(loads(b"[" + b"0," * (MAX_VALUES - 2) + b"0]")) == MAX_VALUES - 1


def test_a_whole_surrogate_pair_is_one_character() -> None:
    assert loads(b'"\\ud83d\\ude00"') == "😀"


def test_the_reason_holds_nothing_of_what_was_sent() -> None:
    with pytest.raises(InvalidJson) as caught:
        loads(b'{"password": "hunter2", "password": "hunter3"')
    assert "hunter" not in str(caught.value)
