from __future__ import annotations

import hashlib
import json
import math
from datetime import UTC, date, datetime, timedelta
from enum import Enum, IntEnum, StrEnum
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from skylift_contract.canonical import canonical_json, digest, digest_of
from skylift_contract.model import Duration, Frozen

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
plain = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


def typed(value: Any) -> Any:
    """A value that equals another's exactly when JSON tells no difference: 1, 1.0 and True differ."""
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value)
        return ("object", sorted((key, typed(item)) for key, item in items.items()))
    if isinstance(value, list):
        return ("array", [typed(item) for item in cast("list[Any]", value)])
    return (type(value).__name__, repr(value))


@given(plain)
def test_plain_data_round_trips(value: Any) -> None:
    assert typed(json.loads(canonical_json(value))) == typed(value)


@given(plain, plain)
def test_equal_data_and_equal_bytes_are_one_thing(one: Any, other: Any) -> None:
    assert (canonical_json(one) == canonical_json(other)) == (typed(one) == typed(other))


@given(st.dictionaries(text, scalars, max_size=6), st.randoms())
def test_the_order_of_keys_leaves_no_trace(value: dict[str, Any], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert canonical_json(dict(items)) == canonical_json(value)


def test_bytes_have_no_white_space_and_text_is_utf_8() -> None:
    assert canonical_json({"b": [1, (2, 3)], "a": "é"}) == '{"a":"é","b":[1,[2,3]]}'.encode()


@given(st.floats())
def test_every_float_is_read_back_by_pydantic(value: float) -> None:
    again = TypeAdapter(float).validate_json(canonical_json(value))
    assert again == value or (math.isnan(again) and math.isnan(value))


def test_what_json_has_no_word_for_is_spelled() -> None:
    assert canonical_json([math.nan, math.inf, -math.inf]) == b'["NaN","Infinity","-Infinity"]'


@given(st.timedeltas())
def test_a_duration_is_its_microseconds(value: timedelta) -> None:
    assert timedelta(microseconds=int(canonical_json(value))) == value


class Word(StrEnum):
    A = "a"


class Number(IntEnum):
    ONE = 1


class Pair(Enum):
    BOTH = (1, 2)


class Record(Frozen):
    word: Word
    took: Duration
    score: float


def test_enums_dates_and_models_become_plain() -> None:
    assert canonical_json({Word.A: [Word.A, Number.ONE, Pair.BOTH]}) == b'{"a":["a",1,[1,2]]}'
    moments = [date(2025, 1, 2), datetime(2025, 1, 2, 3, tzinfo=UTC)]
    assert canonical_json(moments) == b'["2025-01-02","2025-01-02T03:00:00+00:00"]'
    record = Record(word=Word.A, took=timedelta(seconds=1), score=math.nan)
    assert canonical_json(record) == b'{"score":"NaN","took":1000000,"word":"a"}'


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({1: "a"}, "^a key of canonical JSON is text, not int: 1$"),
        ({"a": {1, 2}}, r"^set has no canonical form: \{1, 2\}$"),
        (b"bytes", "^bytes has no canonical form: b'bytes'$"),
    ],
)
def test_what_is_no_data_is_refused(value: object, sentence: str) -> None:
    with pytest.raises(TypeError, match=sentence):
        canonical_json(value)


@given(st.binary())
def test_a_digest_is_of_the_bytes(data: bytes) -> None:
    assert digest(data) == hashlib.sha256(data).hexdigest()


def test_a_digest_of_data_is_of_its_canonical_bytes() -> None:
    assert digest_of({"b": 1, "a": 2}) == digest(b'{"a":2,"b":1}')
