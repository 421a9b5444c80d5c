from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skylift_tests_support.round_trips import new_store, round_trip

from skylift.materializers.base import IN_MEMORY

np: Any = import_module("numpy")
STORE = new_store()

DTYPES = ["?", "i1", "<i8", ">i4", "u2", "f2", "<f8", "c16", "S3", "U4", "M8[ns]", "m8[s]", "i4,f8", "V5"]


@st.composite
def arrays(draw: st.DrawFn) -> Any:
    dtype = np.dtype(draw(st.sampled_from(DTYPES)))
    shape = draw(st.lists(st.integers(0, 3), max_size=3))
    size = int(np.prod(shape)) * dtype.itemsize
    data = draw(st.binary(min_size=size, max_size=size))
    array = np.frombuffer(data, dtype=np.uint8).copy()
    if dtype.char == "U":
        return np.full(shape, draw(st.text("aß語", max_size=4)), dtype)
    if dtype.char == "?":
        return (array > 127).reshape(shape)
    return np.asarray(array.view(dtype).reshape(shape), order=draw(st.sampled_from("CF")))


def identical(one: Any, other: Any) -> bool:
    layout = ("dtype", "shape")
    return one.tobytes() == other.tobytes() and all(getattr(one, n) == getattr(other, n) for n in layout)


@given(arrays())
def test_an_array(array: Any) -> None:
    found = round_trip(array, np.ndarray, store=STORE)
    assert found.materializer == "numpy"
    assert type(found.value) is np.ndarray
    assert identical(found.value, array)
    assert found.value.flags.f_contiguous == array.flags.f_contiguous
    assert found.value.flags.writeable


@pytest.mark.parametrize(
    "scalar",
    [
        np.float64(1.5),
        np.float32("nan"),
        np.int8(-1),
        np.bool_(True),
        np.str_("ß"),
        np.complex64(1j),
        np.datetime64("2026-01-01T00:00", "m"),
        np.timedelta64(3, "D"),
    ],
    ids=repr,
)
def test_a_scalar_keeps_its_type(scalar: Any) -> None:
    found = round_trip(scalar, store=STORE)
    assert found.materializer == "numpy"
    assert type(found.value) is type(scalar)
    assert identical(found.value, scalar)


def test_a_view_is_stored_as_what_is_seen() -> None:
    array = np.arange(20).reshape(4, 5)[::2, ::-1]
    assert identical(round_trip(array).value, array)


def test_a_large_array_goes_through_files(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    array = np.arange(IN_MEMORY // 8 + 1)
    found = round_trip(array)
    assert identical(found.value, array)
    assert found.value.flags.writeable
    assert list(tmp_path.iterdir()) == []


def test_equal_arrays_are_one_artifact() -> None:
    one, other = (round_trip(np.arange(1000.0), store=STORE).ref for _ in range(2))
    assert one == other


def test_objects_are_pickled() -> None:
    found = round_trip(np.array([1, "a", None], dtype=object))
    assert found.materializer == "cloudpickle"
    assert found.value.tolist() == [1, "a", None]


class Tagged(np.ndarray):
    pass


@pytest.mark.parametrize(
    "make", [lambda: np.ma.masked_array([1, 2], [True, False]), lambda: np.arange(3).view(Tagged)]
)
def test_what_npy_would_drop_is_pickled(make: Any) -> None:
    value = make()
    found = round_trip(value)
    assert found.materializer == "cloudpickle"
    assert type(found.value) is type(value)
    assert repr(found.value) == repr(value)


def test_a_mapped_file_comes_back_as_a_plain_array(tmp_path: Any) -> None:
    np.save(tmp_path / "a.npy", np.arange(5))
    found = round_trip(np.load(tmp_path / "a.npy", mmap_mode="r"))
    assert found.materializer == "numpy"
    assert type(found.value) is np.ndarray
    assert found.value.tolist() == [0, 1, 2, 3, 4]


def test_a_type_that_npy_has_no_name_for_is_pickled(monkeypatch: pytest.MonkeyPatch) -> None:
    """As ml_dtypes' bfloat16 is: to `.npy` it is two bytes of anything."""

    def unnamed(dtype: Any) -> str:
        return f"|V{dtype.itemsize}"

    monkeypatch.setattr(np.lib.format, "dtype_to_descr", unnamed)
    found = round_trip(np.arange(3, dtype="f2"))
    assert found.materializer == "cloudpickle"
    assert found.value.dtype == np.dtype("f2")
