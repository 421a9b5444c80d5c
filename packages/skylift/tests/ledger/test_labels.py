"""Tags and notes: revisions over what a run was asked for with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skylift_tests_support.faults import Died, Fault, faulty_store, nth
from skylift_tests_support.runs import make_record, make_snapshot, make_step

from skylift.ledger import keys
from skylift.ledger.labels import Labels, checked_note, label, read_labels
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import LabelRecord
from skylift_contract.errors import ConfigurationError, DamagedObject

if TYPE_CHECKING:
    from skylift.ledger.records import RunRecord
    from skylift.store.objects import ObjectStore

TAGS = st.lists(st.sampled_from("abcd"), max_size=4)


def started(store: ObjectStore) -> tuple[Ledger, RunRecord]:
    ledger, snapshot = Ledger(store), make_snapshot(make_step("a"))
    ledger.put_snapshot(snapshot)
    return ledger, ledger.open_run(make_record(snapshot))


@given(st.lists(st.tuples(TAGS, TAGS)))
def test_a_run_has_what_was_added_and_not_taken_since(changes: list[tuple[list[str], list[str]]]) -> None:
    ledger, record = started(faulty_store()[0])
    expected: list[str] = []
    for added, removed in changes:
        label(ledger, record.run_id, LabelRecord(added=tuple(added), removed=tuple(removed)))
        expected = [tag for tag in expected if tag not in removed]
        expected += [tag for tag in dict.fromkeys(added) if tag not in expected]
    assert read_labels(ledger, record) == Labels(tuple(expected))


def test_revisions_count_in_their_order(memory_store: ObjectStore) -> None:
    ledger, record = started(memory_store)
    for number in range(12):
        label(ledger, record.run_id, LabelRecord(note=f"note {number}"))
    assert read_labels(ledger, record).notes == tuple(f"note {number}" for number in range(12))


@pytest.mark.parametrize("fault", [Fault.LOST_AFTER, Fault.REPEATED, Fault.CONFLICT, Fault.LOST_BEFORE])
def test_a_lost_answer_adds_a_note_once(memory_store: ObjectStore, fault: Fault) -> None:
    _, record = started(memory_store)
    ledger = Ledger(faulty_store(nth("put_new", 0, fault), over=memory_store)[0])
    label(ledger, record.run_id, LabelRecord(note="once"))
    assert read_labels(ledger, record).notes == ("once",)


def test_a_note_of_another_at_the_same_moment_is_no_loss(memory_store: ObjectStore) -> None:
    ledger, record = started(memory_store)
    late = Ledger(faulty_store(nth("put_new", 0, Fault.DIES_BEFORE), over=memory_store)[0])
    with pytest.raises(Died):
        label(late, record.run_id, LabelRecord(note="mine"))
    listing = ledger.store.list(keys.labels(record.run_id))
    assert listing == []
    label(ledger, record.run_id, LabelRecord(note="theirs"))
    late.store.list = lambda *_, **__: listing  # type: ignore[method-assign] -- listed before theirs was there
    label(late, record.run_id, LabelRecord(note="mine"))
    assert read_labels(ledger, record).notes == ("theirs", "mine")


def test_a_damaged_revision_is_named(memory_store: ObjectStore) -> None:
    ledger, record = started(memory_store)
    memory_store.create(keys.label(record.run_id, 0), b"{")
    with pytest.raises(
        DamagedObject, match=rf"^runs/{record.run_id}/labels/0000\.json: it is damaged, and no "
    ):
        read_labels(ledger, record)


def test_an_empty_note_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"^note: it is empty\. Say something\.$"):
        checked_note(" \n")
    assert checked_note("why\nnot") == "why\nnot"


def test_a_note_that_no_record_can_hold_is_refused() -> None:
    with pytest.raises(
        ConfigurationError, match=r"^note: it is not UTF-8 \(got 'old \\udcff'\)\. Write it anew\.$"
    ):
        checked_note("old \udcff")
