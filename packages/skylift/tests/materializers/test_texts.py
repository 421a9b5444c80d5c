from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from skylift_tests_support.round_trips import new_store, round_trip

STORE = new_store()


@given(st.text(st.characters(codec="utf-8")))
@example("")
@example("a\r\nb\0\ufeff")
@example("x" * 5000)
def test_text(value: str) -> None:
    found = round_trip(value, str, store=STORE)
    assert (found.value, found.materializer) == (value, "text")
    assert [(file.name, file.size) for file in found.manifest.files] == [("value.txt", len(value.encode()))]


@given(st.binary())
@example(b"x" * 5000)
def test_bytes(value: bytes) -> None:
    found = round_trip(value, bytes, store=STORE)
    assert (found.value, found.materializer) == (value, "bytes")
    assert [file.name for file in found.manifest.files] == ["value.bin"]


def test_half_of_a_surrogate_pair_is_pickled() -> None:
    found = round_trip("\ud800", str)
    assert (found.value, found.materializer) == ("\ud800", "cloudpickle")
