"""Chunks of logs made text again, wherever they were cut."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from skylift.ledger import keys
from skylift.ledger.ledger import Ledger
from skylift.ledger.output import Output, Printed
from skylift.store.location import open_store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skylift.store.objects import ObjectStore

RUN = "11111111-1111-5111-8111-111111111111"


def put(ledger: Ledger, step: str, attempt: int, number: int, data: bytes) -> None:
    ledger.store.create(keys.log_chunk(RUN, step, attempt, number), data)


def texts(printed: Iterable[Printed]) -> str:
    return "".join(one.text for one in printed)


@given(
    st.text(st.characters(exclude_characters="\r", codec="utf-8")), st.lists(st.integers(0, 60), max_size=5)
)
def test_text_survives_any_cut(text: str, cuts: list[int]) -> None:
    """Also one within a character."""
    ledger, data = Ledger(open_store(f"memory://{uuid4().hex}")), text.encode()
    ends = [*sorted(min(cut, len(data)) for cut in cuts), len(data)]
    output = Output(ledger, RUN, ["a"])
    found, start = "", 0
    for number, end in enumerate(ends):
        put(ledger, "a", 1, number, data[start:end])
        start = end
        found += texts(output.new())
    found += texts(output.rest())
    assert found == (text if text.endswith("\n") or not text else f"{text}\n")


def test_lines_of_several_steps_say_whose_they_are(any_store: ObjectStore) -> None:
    ledger = Ledger(any_store)
    put(ledger, "b", 1, 0, b"one\ntw")
    put(ledger, "a", 1, 0, b"first try\n")
    put(ledger, "a", 2, 0, b"second try\n")
    put(ledger, "other", 1, 0, b"of a step nobody asked for\n")
    output = Output(ledger, RUN, ["b", "a"])

    found = list(output.new())
    assert found == [
        Printed("b", 1, ("one",)),
        Printed("a", 1, ("first try",)),
        Printed("a", 2, ("second try",)),
    ]
    assert "".join(one.labelled for one in found) == "b | one\na | first try\na (attempt 2) | second try\n"
    put(ledger, "b", 1, 1, b"o\n")
    assert texts(output.new()) == "two\n"
    output.know(["other"])
    assert texts(output.new()) == "of a step nobody asked for\n"
    assert list(output.new()) == []
    assert list(output.rest()) == []


def test_one_step_needs_no_name(memory_store: ObjectStore) -> None:
    ledger = Ledger(memory_store)
    put(ledger, "a", 1, 0, b"no newline")
    output = Output(ledger, RUN, ["a"])
    assert (list(output.new()), texts(output.rest())) == ([], "no newline\n")
