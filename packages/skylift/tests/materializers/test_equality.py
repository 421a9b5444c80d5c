from __future__ import annotations

import copy
import math
from collections import OrderedDict, defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter

from skylift.materializers.equality import same


@dataclass(eq=False)
class Point:
    x: float
    tags: list[str] = field(default_factory=list[str])


class Model(BaseModel):
    x: float = 1.0


class Pair(NamedTuple):
    one: int
    two: int


class Color(Enum):
    RED = 1
    BLUE = 2


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.decimals()
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner)
        | st.builds(Point, st.floats(), st.lists(st.text()))
    ),
    max_leaves=8,
)


@given(VALUES)
def test_a_copy_is_the_same(value: Any) -> None:
    assert same(value, copy.deepcopy(value))


@given(VALUES, VALUES)
def test_the_order_of_the_two_does_not_matter(one: Any, other: Any) -> None:
    assert same(one, other) == same(other, one)


@given(VALUES)
def test_another_container_is_another_value(value: Any) -> None:
    assert not same([value], (value,))
    assert not same([value], [value, value])
    assert not same([value], value)


DIFFERENT: list[tuple[Any, Any]] = [
    (True, 1),
    (1, 1.0),
    (0.0, -0.0),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ({1: "a"}, {"1": "a"}),
    ({True}, {1}),
    (Point(1.0), Point(2.0)),
    (Model(), Model(x=2.0)),
    (Pair(1, 2), (1, 2)),
    (Color.RED, Color.BLUE),
    (Color.RED, 1),
    (Decimal("1.0"), Decimal("1.00")),
    (defaultdict(list, a=[1]), defaultdict(dict, a=[1])),
    (deque([1], maxlen=2), deque([1])),
    (OrderedDict(a=1), {"a": 1}),
    (
        datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/Berlin")),
        datetime(2026, 7, 1, tzinfo=timezone(timedelta(hours=2))),
    ),
    (datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 7, 1)),  # noqa: DTZ001 -- naive on purpose
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_differs(one: Any, other: Any) -> None:
    assert not same(one, other)


def test_what_is_the_same() -> None:
    assert same(math.nan, float("nan"))
    assert same([{"a": (math.nan, None)}], [{"a": (float("nan"), None)}])
    assert same(Point(1.0, ["a"]), Point(1.0, ["a"]))
    assert same(Model(), Model(x=1.0))  # which fields were set is not part of the value
    assert same({frozenset({1, 2}), frozenset({3})}, {frozenset({3}), frozenset({2, 1})})


def test_a_fixed_offset_is_the_same_whoever_made_it() -> None:
    read: datetime = TypeAdapter(datetime).validate_json(b'"2026-07-01T00:00:00Z"')
    assert type(read.tzinfo) is not type(UTC)
    assert same(read, datetime(2026, 7, 1, tzinfo=UTC))


def test_a_value_in_itself_is_not_compared_for_ever() -> None:
    one: list[Any] = []
    one.append(one)
    other: list[Any] = []
    other.append(other)
    with pytest.raises(RecursionError):
        same(one, other)
