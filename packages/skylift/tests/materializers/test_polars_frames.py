from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skylift_tests_support.round_trips import WHO, RoundTrip, new_store, round_trip

from skylift import artifacts
from skylift_contract.errors import MaterializationError

pl: Any = import_module("polars")
STORE = new_store()

UTF8 = st.text(st.characters(codec="utf-8"))
COLUMNS: dict[Any, st.SearchStrategy[Any]] = {
    pl.Int64: st.integers(-(2**63), 2**63 - 1),
    pl.UInt8: st.integers(0, 255),
    pl.Float64: st.floats(),
    pl.Boolean: st.booleans(),
    pl.String: UTF8,
    pl.Binary: st.binary(),
    pl.Date: st.dates(),
    pl.Datetime("us", "UTC"): st.integers(0, 2**40).map(
        lambda ms: datetime(1990, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    ),
    pl.Duration("ms"): st.integers(0, 10**6).map(lambda ms: timedelta(milliseconds=ms)),
    pl.List(pl.Int32): st.lists(st.integers(0, 9)),
    pl.Struct({"a": pl.Int8, "b": pl.String}): st.fixed_dictionaries({"a": st.integers(0, 9), "b": UTF8}),
}


@st.composite
def frames(draw: st.DrawFn) -> Any:
    rows = draw(st.integers(0, 4))
    kinds = draw(st.lists(st.sampled_from(list(COLUMNS)), min_size=1, max_size=4))
    names = draw(st.lists(UTF8, min_size=len(kinds), max_size=len(kinds), unique=True))
    return pl.DataFrame(
        [
            pl.Series(
                name, draw(st.lists(st.none() | COLUMNS[kind], min_size=rows, max_size=rows)), dtype=kind
            )
            for name, kind in zip(names, kinds, strict=True)
        ]
    )


def stored(value: Any) -> RoundTrip:
    found = round_trip(value, type(value), store=STORE)
    assert type(found.value) is type(value)
    assert found.value.equals(value, null_equal=True)
    return found


@given(frames())
@settings(max_examples=60)
def test_a_frame(frame: Any) -> None:
    found = stored(frame)
    assert found.materializer == "polars"
    assert found.value.schema == frame.schema


@given(st.lists(st.none() | st.floats()), UTF8)
@settings(max_examples=30)
def test_a_series_keeps_its_name(values: list[float | None], name: str) -> None:
    found = stored(pl.Series(name, values, dtype=pl.Float64))
    assert (found.materializer, found.value.name, found.value.dtype) == ("polars", name, pl.Float64)


def test_columns_of_many_kinds() -> None:
    frame = pl.DataFrame(
        {
            "enum": pl.Series(["b", "a"], dtype=pl.Enum(["a", "b", "c"])),
            "category": pl.Series(["x", None], dtype=pl.Categorical),
            "decimal": pl.Series([Decimal("1.50"), None], dtype=pl.Decimal(10, 2)),
            "array": pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int8, 2)),
            "day": pl.Series([date(2026, 1, 1), None]),
        }
    )
    found = round_trip(frame, store=STORE)
    assert found.value.schema == frame.schema
    assert found.value.rows() == frame.rows()


def test_equal_frames_are_one_artifact() -> None:
    one, other = (round_trip(pl.DataFrame({"a": [1.5, 2.5]}), store=STORE).ref for _ in range(2))
    assert one == other


def test_objects_are_refused() -> None:
    with pytest.raises(
        MaterializationError,
        match=r"polars\.dataframe\.frame:DataFrame cannot be stored: it holds Python objects, which polars can "
        r"neither write nor pickle\. Cast the column, or return \.to_dicts\(\) of it\.$",
    ):
        round_trip(pl.DataFrame({"a": [{1}, {2}]}, schema={"a": pl.Object}))


def test_a_lazy_frame_is_refused() -> None:
    with pytest.raises(
        MaterializationError,
        match=r"^run r1, step 'make', output 'output': a value of type polars\.lazyframe\.frame:LazyFrame cannot be "
        r"stored: a LazyFrame is a plan and holds no data\. Return \.collect\(\) of it\.$",
    ):
        artifacts.save(STORE, pl.LazyFrame({"a": [1]}), Any, WHO)
