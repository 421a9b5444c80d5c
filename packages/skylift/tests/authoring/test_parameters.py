from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field

from skylift.authoring.parameters import from_json, to_json
from skylift.materializers.equality import same
from skylift_contract.canonical import canonical_json
from skylift_contract.errors import AuthoringError

WHO = "step 'train', input 'depth'"


class Color(Enum):
    RED = "red"


@dataclass
class Grid:
    depths: tuple[int, ...]
    rate: float


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    day: date
    rate: float


TEXT = st.text(st.characters(codec="utf-8"))
STRAIGHT = st.dates() | st.integers()

SUPPORTED: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(-(2**200), 2**200),
    float: st.floats(),
    bool: st.booleans(),
    str: TEXT,
    bytes: st.binary(),
    type(None): st.none(),
    Any: st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
        lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
        max_leaves=5,
    ),
    int | None: st.none() | st.integers(),
    int | float | str: st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    list[float]: st.lists(st.floats()),
    tuple[int, str]: st.tuples(st.integers(), TEXT),
    set[int]: st.sets(st.integers()),
    dict[int, list[date]]: st.dictionaries(st.integers(), st.lists(st.dates())),
    Sequence[tuple[int, ...]]: st.lists(st.lists(st.integers()).map(tuple)),
    Literal["a", 1]: st.sampled_from(["a", 1]),
    Color: st.sampled_from(Color),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    UUID: st.uuids(),
    datetime: st.datetimes(timezones=st.none() | st.just(UTC)).map(lambda one: one.replace(fold=0)),
    timedelta: st.timedeltas(timedelta(days=-1000), timedelta(days=1000)),
    Grid: st.builds(Grid, st.lists(st.integers()).map(tuple), st.floats()),
    Strict: st.builds(Strict, day=st.dates(), rate=st.floats(allow_nan=False, allow_infinity=False)),
    list[Grid] | None: st.none() | st.lists(st.builds(Grid, st.just((1,)), st.floats()), max_size=2),
}


@pytest.mark.parametrize("annotation", SUPPORTED, ids=str)
def test_what_the_step_gets_is_what_was_given(annotation: Any) -> None:
    @given(SUPPORTED[annotation])
    @settings(max_examples=30)
    def check(value: Any) -> None:
        stored = to_json(value, annotation, WHO)
        # The snapshot holds it as canonical JSON, whose objects are sorted by key.
        back = from_json(json.loads(json.dumps(stored)), annotation, WHO)
        assert same(back, value)
        canonical_json(stored)

    check()


def test_what_people_type_is_converted_once() -> None:
    assert to_json("6", int, WHO) == 6
    assert to_json("2026-01-01", date, WHO) == "2026-01-01"
    assert to_json({"depths": ["1", 2], "rate": "nan"}, Grid, WHO) == {"depths": [1, 2], "rate": "NaN"}
    assert math.isnan(from_json("NaN", float, WHO))


REFUSED: list[tuple[Any, Any, str]] = [
    (
        "deep",
        int,
        "input should be a valid integer, unable to parse string as an integer (got 'deep', limit: int). Give a value of that type.",
    ),
    (
        -1,
        Annotated[int, Field(gt=0)],
        (
            "input should be greater than 0 (got -1, "
            "limit: Annotated[int, FieldInfo(annotation=NoneType, required=True, metadata=[Gt(gt=0)])]). Give a value of that type."
        ),
    ),
    (
        (1, 2),
        Any,
        (
            "a parameter is kept as JSON, and this value would not come back as it is: "
            "it would come back from JSON as another value or type (got (1, 2)). "
            "Annotate the input with the value's exact type. Make the value in a step, and pass on what that returns."
        ),
    ),
    (
        {1: "a"},
        dict[Any, str],
        (
            "a parameter is kept as JSON, and this value would not come back as it is: "
            "it would come back from JSON as another value or type (got {1: 'a'}). "
            "Make the value in a step, and pass on what that returns."
        ),
    ),
]


@pytest.mark.parametrize(("value", "annotation", "sentence"), REFUSED)
def test_what_is_refused(value: Any, annotation: Any, sentence: str) -> None:
    with pytest.raises(AuthoringError) as caught:
        to_json(value, annotation, WHO)
    assert str(caught.value) == f"{WHO}: {sentence}"


class Opaque:
    pass


@pytest.mark.parametrize("annotation", [Opaque, list[Opaque]])
def test_a_class_that_json_does_not_hold(annotation: Any) -> None:
    with pytest.raises(AuthoringError) as caught:
        to_json(Opaque(), annotation, WHO)
    assert str(caught.value) == (
        f"{WHO}: a parameter must be plain data that fits in JSON (got 'Opaque'). "
        "Make the value in a step, and pass on what that returns."
    )


def test_json_of_another_annotation() -> None:
    with pytest.raises(
        AuthoringError,
        match=r"^run r1: input should be a valid array \(got 'x', limit: list\[int\]\)\. Give a value of that type\.$",
    ):
        from_json("x", list[int], "run r1")


@pytest.mark.parametrize("annotation", [str, Any])
def test_text_that_is_not_utf8_is_refused(annotation: Any) -> None:
    with pytest.raises(
        AuthoringError,
        match=rf"^{WHO}: it is not UTF-8 \(got '\\udcff'\)\. Give text, or bytes for what is none\.$",
    ):
        to_json("\udcff", annotation, WHO)
