from __future__ import annotations

import math
import sys
from collections import OrderedDict, defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, StrEnum
from pathlib import Path
from typing import Any, Literal, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict
from skylift_tests_support.round_trips import RoundTrip, new_store, round_trip
from typing_extensions import TypedDict

from skylift import artifacts
from skylift.materializers.base import NewFiles
from skylift.materializers.equality import same
from skylift.materializers.registry import by_name
from skylift_contract.errors import MaterializationError

STORE = new_store()


class Color(Enum):
    RED = "red"


class Size(StrEnum):
    SMALL = "small"


@dataclass
class Metrics:
    loss: float
    labels: set[str] = field(default_factory=set[str])


@dataclass(frozen=True, slots=True)
class Fold:
    rows: tuple[int, ...]


class Config(BaseModel):
    depth: int
    at: datetime | None = None


class Base(BaseModel):
    x: int


class Derived(Base):
    y: int


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    at: date


class Split(NamedTuple):
    train: list[int]
    test: list[int]


class Row(TypedDict):
    name: str
    score: float


@dataclass
class Unpicklable:
    value: int

    def __reduce_ex__(self, protocol: object) -> Any:
        raise TypeError("no pickle")


def stored(value: Any, annotation: Any = Any, reader: Any = Any) -> RoundTrip:
    found = round_trip(value, annotation, reader, STORE)
    assert same(found.value, value)
    return found


TEXT = st.text(st.characters(codec="utf-8"))
PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=10,
)


@given(PLAIN.filter(lambda value: not isinstance(value, str)))
def test_plain_data(value: Any) -> None:
    found = stored(value)
    assert (found.materializer, found.manifest.details) == ("json", {})


KEYS = st.integers() | st.dates() | st.uuids() | st.sampled_from(Color)
STRUCTURED: st.SearchStrategy[Any] = st.one_of(
    st.floats(),
    st.lists(st.floats()),
    st.dictionaries(TEXT, st.floats()),
    st.tuples(st.integers(), st.booleans(), st.none()),
    st.sets(st.integers()),
    st.frozensets(TEXT),
    st.dictionaries(st.integers(), st.lists(st.tuples(st.integers(), st.dates()))),
    st.builds(Metrics, st.floats(), st.sets(TEXT)),
    st.lists(st.builds(Fold, st.tuples(st.integers(), st.integers()))),
    st.builds(
        Config,
        depth=st.integers(-(2**63), 2**63),
        at=st.none() | st.datetimes().map(lambda one: one.replace(fold=0)),
    ),
    st.datetimes(timezones=st.just(UTC)).map(lambda one: one.replace(fold=0)),
    st.timedeltas(timedelta(days=-1000), timedelta(days=1000)),
    st.times().map(lambda one: one.replace(fold=0)),
    st.uuids(),
    st.decimals(allow_nan=False, allow_infinity=False),
    st.sampled_from(Color),
    st.sampled_from(Size),
    st.lists(st.binary()),
)


@given(STRUCTURED)
@settings(max_examples=150)
def test_structured_data_is_json_under_any(value: Any) -> None:
    assert stored(value).materializer == "json"


ANNOTATED: list[tuple[Any, Any]] = [
    (1, int),
    (None, int | None),
    (math.nan, float),
    (-math.inf, float | None),
    (-0.0, float),
    ((1, "a"), tuple[int, str]),
    ((), tuple[int, ...]),
    ([(1, 2)], Sequence[tuple[int, int]]),
    (Split([1], [2]), Split),
    (Row(name="a", score=1.0), Row),
    ([Row(name="a", score=math.nan)], list[Row]),
    (["b", Color.RED], list[Literal["a", "b"] | Color]),
    ({"a": {1, 2}}, dict[str, set[int]]),
    (Strict(at=date(2026, 1, 1)), Strict),
    ([Derived(x=1, y=2), Base(x=1)], list[Base]),
    (OrderedDict(b=1, a=2), OrderedDict[str, int]),
    (deque([1, 2]), deque[int]),
    (complex(1, -2), complex),
    (Metrics(math.nan, {"b", "a"}), Metrics),
    ([None, True, 1, 1.0, "1"], list[Any]),
    (UUID(int=5), UUID),
    (time(12, 30, tzinfo=UTC), time),
    (Decimal("1.50"), Decimal),
    (datetime(2026, 1, 1, tzinfo=UTC), datetime),
]


@pytest.mark.parametrize(("value", "annotation"), ANNOTATED)
def test_values_under_their_annotations(value: Any, annotation: Any) -> None:
    assert stored(value, annotation).materializer == "json"
    # A reader with another annotation, or none, is given the same.
    stored(value, annotation, reader=dict[str, int])


def test_the_types_are_named_where_the_json_alone_does_not_say_them() -> None:
    assert stored({"a": [1, None]}, dict[str, Any]).manifest.details == {}
    assert stored((1, 2)).manifest.details == {
        "type": {"of": "builtins:tuple", "arguments": ["builtins:int", "builtins:int"]}
    }
    assert stored(Config(depth=1), Config | None).manifest.details == {
        "type": {"union": [f"{__name__}:Config", None]}
    }
    # What the annotation would cut off is stored under the value's own type.
    assert stored(Derived(x=1, y=2), Base).manifest.details == {"type": f"{__name__}:Derived"}


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        (
            {"a": 1, 2: datetime(2026, 1, 1, tzinfo=UTC), 3.5: Color.RED, "x": "2026-01-01T00:00:00Z"},
            Any,
        ),  # ambiguous
        (datetime(2026, 7, 1, tzinfo=ZoneInfo("Europe/Berlin")), datetime),  # an offset is no zone
        ("\ud800", Any),  # no UTF-8
        (["\ud83d", "\ude00"], Any),
        ([10**5000], list[int]),  # Python refuses to write so many digits
        (defaultdict(list, a=[1]), defaultdict[str, Sequence[int]]),
        (Metrics, Any),  # a class
        (deque([1], maxlen=3), deque[int]),
        (slice(1, 2), Any),
    ],
)
def test_what_json_would_change_is_pickled(value: Any, annotation: Any) -> None:
    assert stored(value, annotation).materializer == "cloudpickle"


def test_a_bag_of_too_many_types_is_pickled() -> None:
    bag: list[Any] = [
        1,
        2.5,
        "a",
        b"b",
        None,
        True,
        Decimal(1),
        UUID(int=1),
        date(2026, 1, 1),
        Color.RED,
        (1,),
    ]
    assert stored(bag).materializer == "cloudpickle"


def test_a_local_class_is_pickled_by_value() -> None:
    class Local(BaseModel):
        x: int

    assert round_trip(Local(x=1), Local).materializer == "cloudpickle"


def test_a_value_in_itself_is_pickled() -> None:
    value: list[Any] = []
    value.append(value)
    found = round_trip(value)
    assert found.materializer == "cloudpickle"
    assert found.value[0] is found.value


def test_an_iterator_is_not_used_up() -> None:
    iterator = iter([1, 2, 3])
    found = round_trip(iterator, Iterator[int])
    assert found.materializer == "cloudpickle"
    assert list(found.value) == [1, 2, 3] == list(iterator)


def test_without_the_producers_code_the_readers_annotation_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    ref = round_trip(Config(depth=3), Config, store=STORE).ref
    monkeypatch.delattr(sys.modules[__name__], "Config")
    assert artifacts.load(STORE, ref, dict[str, Any], "reader") == {"depth": 3, "at": None}
    with pytest.raises(
        MaterializationError,
        match=rf"^reader: there is no type 'Config' in {__name__} here\. "
        rf"Use the version of '{__name__}' that saved it, or keep the old name there\.$",
    ):
        artifacts.load(STORE, ref, Any, "reader")


def test_a_type_that_has_changed_since(monkeypatch: pytest.MonkeyPatch) -> None:
    ref = round_trip(Config(depth=3), Config, store=STORE).ref

    class Changed(BaseModel):
        other: int

    Changed.__qualname__ = "Config"
    monkeypatch.setattr(sys.modules[__name__], "Config", Changed)
    with pytest.raises(
        MaterializationError,
        match=r"^reader: the stored data does not fit its type as that is here: Field required\. "
        r"Read it with the version of the type that it was saved with\.$",
    ):
        artifacts.load(STORE, ref, Any, "reader")


def test_plain_data_needs_no_pydantic_adapter(monkeypatch: pytest.MonkeyPatch) -> None:
    import pydantic

    monkeypatch.setattr(pydantic, "TypeAdapter", None)
    assert stored({"a": [1, 2.5, None, "x"]}, dict[str, Any]).materializer == "json"


def test_what_no_materializer_takes() -> None:
    with pytest.raises(MaterializationError, match="cannot be stored: TypeError: no pickle"):
        round_trip([Unpicklable(1), (lambda: 0), object()])


@pytest.mark.parametrize("value", [[Path("a")], {"model": Path("a")}, (1, Path("a"))])
def test_a_path_in_a_container_would_lose_its_files(value: Any) -> None:
    with pytest.raises(
        MaterializationError, match=r"without the files it names\. Return each Path as an output"
    ):
        by_name("json").save(value, Any, NewFiles())
