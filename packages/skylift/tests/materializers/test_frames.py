from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skylift_tests_support.round_trips import RoundTrip, new_store, round_trip

from skylift.materializers.frames import _same_dtype  # pyright: ignore[reportPrivateUsage]

np: Any = import_module("numpy")
pd: Any = import_module("pandas")
STORE = new_store()

UTF8 = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint8": st.integers(0, 255),
    "float64": st.floats(),
    "float32": st.floats(width=32),
    "bool": st.booleans(),
    "Int64": st.none() | st.integers(-(2**63), 2**63 - 1),
    "boolean": st.none() | st.booleans(),
    "string": st.none() | UTF8,
    "category": UTF8,
    "datetime64[ns]": st.integers(0, 2**60),
    "datetime64[ns, Europe/Berlin]": st.integers(0, 2**60),
    "timedelta64[ns]": st.integers(0, 2**60),
}


@st.composite
def frames(draw: st.DrawFn) -> Any:
    rows = draw(st.integers(0, 4))
    kinds = draw(st.lists(st.sampled_from(list(COLUMNS)), min_size=1, max_size=4))
    names = draw(st.lists(UTF8, min_size=len(kinds), max_size=len(kinds), unique=True))
    columns = {
        name: pd.Series(draw(st.lists(COLUMNS[kind], min_size=rows, max_size=rows)), dtype=kind)
        for name, kind in zip(names, kinds, strict=True)
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(rows))


def stored(value: Any) -> RoundTrip:
    found = round_trip(value, type(value), store=STORE)
    if isinstance(value, pd.DataFrame):
        pd.testing.assert_frame_equal(found.value, value, check_exact=True, check_freq=True)
    else:
        pd.testing.assert_series_equal(found.value, value, check_exact=True, check_freq=True)
    return found


@given(frames())
@settings(max_examples=60)
def test_a_frame(frame: Any) -> None:
    assert stored(frame).materializer == "pandas"


@given(st.lists(st.floats()), st.none() | UTF8 | st.integers())
@settings(max_examples=30)
def test_a_series_keeps_its_name(values: list[float], name: Any) -> None:
    series = pd.Series(values, name=name, dtype="float64")
    assert stored(series).materializer == "pandas"


def day_index() -> Any:
    return pd.date_range("2026-03-28", periods=3, freq="D", tz="Europe/Berlin")


INDEXES: dict[str, Any] = {
    "range": lambda: pd.RangeIndex(5, 20, 5, name="n"),
    "text": lambda: pd.Index(["a", "b", "c"], name="key"),
    "multi": lambda: pd.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["one", None]),
    "days": day_index,
    "period": lambda: pd.period_range("2026", periods=3, freq="M"),
    "category": lambda: pd.CategoricalIndex(["b", "a", "b"], categories=["b", "a"], ordered=True),
    "floats": lambda: pd.Index([0.5, 1.5, 2.5]),
}


@pytest.mark.parametrize("name", INDEXES)
def test_an_index(name: str) -> None:
    assert stored(pd.DataFrame({"a": [1, 2, 3]}, index=INDEXES[name]())).materializer == "pandas"


def test_columns_of_many_kinds() -> None:
    frame = pd.DataFrame(
        {
            "ordered": pd.Categorical(["lo", "hi", "lo"], categories=["lo", "mid", "hi"], ordered=True),
            "period": pd.period_range("2026", periods=3, freq="D"),
            "interval": pd.interval_range(0, 3),
            "seconds": pd.to_datetime(["2026-01-01", None, "2026-01-03"]).astype("datetime64[s]"),
            "decimals": pd.Series([1, None, 3], dtype="Int8"),
        }
    )
    found = stored(frame)
    assert found.materializer == "pandas"
    assert list(found.value["ordered"].cat.categories) == ["lo", "mid", "hi"]


def test_column_names_that_are_no_text() -> None:
    assert stored(pd.DataFrame([[1, 2]], columns=[2026, 2025])).materializer == "pandas"
    multi = pd.MultiIndex.from_tuples([("a", "x"), ("a", "y")], names=["one", "two"])
    assert stored(pd.DataFrame([[1, 2]], columns=multi)).materializer == "pandas"


def test_what_parquet_forgets_goes_into_an_arrow_file() -> None:
    assert [file.name for file in stored(pd.DataFrame({"a": [1]})).manifest.files] == ["value.parquet"]
    found = stored(pd.DataFrame({"c": pd.Categorical([3, 1], categories=[9, 3, 1])}))
    assert found.materializer == "pandas"
    assert [file.name for file in found.manifest.files] == ["value.arrow"]
    assert list(found.value["c"].cat.categories) == [9, 3, 1]


@pytest.mark.parametrize("categories", [["z", "b", "a"], ["b", "a"], ["a", "b", "unused"]])
def test_the_order_of_categories_is_kept(categories: list[str]) -> None:
    """pandas itself ignores it where they are unordered; models that read the codes do not."""
    found = stored(pd.Series(pd.Categorical(["b", "a"], categories=categories)))
    assert list(found.value.cat.categories) == categories
    shuffled = pd.CategoricalDtype(categories[::-1])
    assert shuffled == pd.CategoricalDtype(categories)
    assert not _same_dtype(shuffled, pd.CategoricalDtype(categories))


def test_objects_that_are_text_stay_objects() -> None:
    series = pd.Series(["a", None, "b"], dtype=object)
    found = round_trip(series)
    assert found.materializer == "pandas"
    assert found.value.dtype == series.dtype
    assert found.value[0] == "a"
    assert pd.isna(found.value[1])


class Frame(pd.DataFrame):
    pass


@pytest.mark.parametrize(
    "make",
    [
        lambda: pd.DataFrame({"a": pd.Series([1, "x", None], dtype=object)}),
        lambda: pd.DataFrame({"a": pd.Series([{"k": 1}, {"j": 2}], dtype=object)}),
        lambda: pd.DataFrame({"a": pd.Series([[1], [2, 3]], dtype=object)}),
        lambda: pd.DataFrame({"a": pd.Series([1, True], dtype=object)}),
        lambda: pd.DataFrame([[1, 2]], columns=["a", "a"]),
        lambda: pd.DataFrame([[1, 2]], columns=["a", 1]),
        lambda: pd.Series([1], name=("a", "b")),
        lambda: pd.DataFrame({"a": pd.arrays.SparseArray([0, 0, 1])}),
        lambda: Frame({"a": [1]}),
    ],
)
def test_what_a_table_would_change_is_pickled(make: Any) -> None:
    value = make()
    found = round_trip(value)
    assert found.materializer == "cloudpickle"
    assert type(found.value) is type(value)
    assert found.value.to_dict() == value.to_dict() if value.ndim == 1 else repr(found.value) == repr(value)


def test_attrs_are_kept_by_whichever_can() -> None:
    frame = pd.DataFrame({"a": [1]})
    frame.attrs = {"source": "sensor"}
    assert round_trip(frame).value.attrs == {"source": "sensor"}


def test_equal_frames_are_one_artifact() -> None:
    one, other = (
        round_trip(pd.DataFrame({"a": [1.5] * 100, "b": ["x"] * 100}), store=STORE).ref for _ in range(2)
    )
    assert one == other
    assert one.materializer == "pandas"
