from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skylift_tests_support.round_trips import new_store, round_trip

pa: Any = import_module("pyarrow")
STORE = new_store()

COLUMNS: dict[Any, st.SearchStrategy[Any]] = {
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(allow_nan=False),
    pa.string(): st.text(st.characters(codec="utf-8")),
    pa.large_binary(): st.binary(),
    pa.duration("s"): st.integers(0, 10**9),
    pa.timestamp("s", "Europe/Berlin"): st.integers(0, 2**31),
    pa.list_(pa.int8()): st.lists(st.integers(0, 9)),
    pa.dictionary(pa.int8(), pa.string()): st.sampled_from(["a", "b"]),
}


@st.composite
def batches(draw: st.DrawFn) -> Any:
    rows = draw(st.integers(0, 4))
    kinds = draw(st.lists(st.sampled_from(list(COLUMNS)), min_size=1, max_size=4))
    columns = [
        pa.array(draw(st.lists(st.none() | COLUMNS[kind], min_size=rows, max_size=rows)), type=kind)
        for kind in kinds
    ]
    names = [f"column {number}" for number in range(len(kinds))]
    return pa.RecordBatch.from_arrays(columns, names).replace_schema_metadata({"k": "v"})


@given(batches())
@settings(max_examples=60)
def test_a_record_batch(batch: Any) -> None:
    found = round_trip(batch, store=STORE)
    assert found.materializer == "arrow"
    assert isinstance(found.value, pa.RecordBatch)
    assert found.value.equals(batch, check_metadata=True)


@given(batches(), st.integers(0, 3))
@settings(max_examples=60)
def test_a_table(batch: Any, copies: int) -> None:
    table = pa.Table.from_batches([batch] * copies, schema=batch.schema)
    found = round_trip(table, store=STORE)
    assert found.materializer == "arrow"
    assert isinstance(found.value, pa.Table)
    assert found.value.equals(table, check_metadata=True)


def test_chunks_with_dictionaries_of_their_own() -> None:
    kind = pa.dictionary(pa.int8(), pa.string())
    table = pa.table({"a": pa.chunked_array([pa.array(["x"], kind), pa.array(["y"], kind)])})
    found = round_trip(table)
    assert found.value.column("a").to_pylist() == ["x", "y"]
    assert found.value.schema == table.schema


def test_nan_and_unions_are_kept() -> None:
    union = pa.UnionArray.from_sparse(pa.array([0, 1], pa.int8()), [pa.array([1, 2]), pa.array(["a", "b"])])
    table = pa.table({"u": union, "f": pa.array([float("nan"), None])})
    found = round_trip(table).value
    assert found.column("u").to_pylist() == [1, "b"]
    assert str(found.column("f").to_pylist()) == "[nan, None]"


def test_equal_tables_are_one_artifact() -> None:
    one, other = (round_trip(pa.table({"a": list(range(100))}), store=STORE).ref for _ in range(2))
    assert one == other


@pytest.mark.parametrize("rows", [0, 3])
def test_a_slice_is_stored_as_what_is_seen(rows: int) -> None:
    table = pa.table({"a": list(range(100_000))})
    found = round_trip(table.slice(10, rows))
    assert found.value.column("a").to_pylist() == list(range(10, 10 + rows))
    assert found.ref.size < 10_000
