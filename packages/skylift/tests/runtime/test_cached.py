"""A step that would start, and is taken from an earlier run instead."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support import steps
from skylift_tests_support.runs import (
    lines,
    make_snapshot,
    make_step,
    outputs_of,
    read_all,
    start_run,
    step_process,
)

from skylift.ledger import keys
from skylift.ledger.records import Miss
from skylift.runtime.step import EXIT_OK, exit_code, run_step
from skylift_contract.canonical import digest
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import DamagedObject, StoreUnavailable
from skylift_contract.settings import CachePolicy
from skylift_contract.snapshot import OutputSpec, PipelineSnapshot

if TYPE_CHECKING:
    from skylift.store.objects import ObjectStore

SOURCES = {f"skylift_tests_support.steps:{name}": digest(name.encode()) for name in vars(steps)}
ONE = (OutputSpec(name="output", annotation="int"),)


def counted(journal: Path, *, last: str = "b", **config: Any) -> PipelineSnapshot:
    """Two tallies: `a`, and one that takes what it gives."""
    given = {"journal": str(journal)}
    return make_snapshot(
        make_step("a", steps.tally, parameters={**given, "name": "a"}, outputs=ONE, **config),
        make_step(
            "b",
            steps.tally,
            inputs={"before": "a"},
            parameters={**given, "name": last},
            outputs=ONE,
            **config,
        ),
        source_digests=SOURCES,
    )


def run_both(store: ObjectStore, snapshot: PipelineSnapshot, run: str) -> list[Status]:
    """As two processes of a backend that have nothing but the store would."""
    return [run_step(start_run(store, snapshot, run), step).status for step in snapshot.steps]


def test_another_run_takes_what_was_made(any_store: ObjectStore, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    snapshot = counted(journal)
    assert run_both(any_store, snapshot, "first") == [Status.COMPLETED, Status.COMPLETED]
    assert run_both(any_store, snapshot, "second") == [Status.CACHED, Status.CACHED]
    assert lines(journal) == ["a", "b"]

    first, second = start_run(any_store, snapshot, "first"), start_run(any_store, snapshot, "second")
    assert outputs_of(any_store, second.id, "b") == outputs_of(any_store, first.id, "b") == {"output": 2}
    for name in ("a", "b"):
        record = second.ledger.result(second.id, name)
        assert record is not None
        assert record.cached_from is not None
        assert (record.cached_from.run_id, record.cached_from.invocation_id) == (first.id, name)
        assert record.attempt == 0
    found = read_all(any_store, second.id, snapshot)
    assert found.status is Status.COMPLETED
    assert {name: step.status for name, step in found.steps.items()} == {
        "a": Status.CACHED,
        "b": Status.CACHED,
    }


def test_a_third_run_takes_it_from_the_first(memory_store: ObjectStore, tmp_path: Path) -> None:
    """Who took it did not make it: it does not live longer by being taken."""
    snapshot = counted(tmp_path / "journal")
    for run in ("first", "second", "third"):
        run_both(memory_store, snapshot, run)
    third, first = start_run(memory_store, snapshot, "third"), start_run(memory_store, snapshot, "first")
    record = third.ledger.result(third.id, "a")
    assert record is not None
    assert record.cached_from is not None
    assert record.cached_from.run_id == first.id
    assert len(memory_store.list("cache/")) == 2


def test_only_what_comes_after_a_change_runs(memory_store: ObjectStore, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    run_both(memory_store, counted(journal), "first")
    assert run_both(memory_store, counted(journal, last="c"), "second") == [Status.CACHED, Status.COMPLETED]
    assert lines(journal) == ["a", "b", "c"]


def test_the_same_data_is_enough_wherever_it_comes_from(memory_store: ObjectStore, tmp_path: Path) -> None:
    """A step that ran again and made the same lets those after it be."""
    journal = tmp_path / "journal"
    run_both(memory_store, counted(journal), "first")
    snapshot = counted(journal)
    first, second = snapshot.steps
    renamed = first.model_copy(
        update={
            "config": first.config.model_copy(update={"parameters": {"journal": str(journal), "name": "x"}})
        }
    )
    changed = snapshot.model_copy(update={"steps": (renamed, second)})
    assert run_both(memory_store, changed, "second") == [Status.COMPLETED, Status.CACHED]
    assert lines(journal) == ["a", "b", "x"]


@pytest.mark.parametrize("config", [{"enable_cache": False}, {}], ids=["off", "no source"])
def test_off_is_off(memory_store: ObjectStore, tmp_path: Path, config: dict[str, Any]) -> None:
    snapshot = counted(tmp_path / "journal", **config)
    if not config:
        snapshot = snapshot.model_copy(update={"source_digests": {}})
    for run in ("first", "second"):
        assert run_both(memory_store, snapshot, run) == [Status.COMPLETED, Status.COMPLETED]
    assert memory_store.list("cache/") == []
    run = start_run(memory_store, snapshot, "second")
    record = run.ledger.result(run.id, "a")
    assert record is not None
    assert record.miss is (Miss.OFF if config else Miss.NO_KEY)


def test_off_does_not_even_look(memory_store: ObjectStore, tmp_path: Path) -> None:
    run_both(memory_store, counted(tmp_path / "journal"), "first")
    off = counted(tmp_path / "journal", enable_cache=False)
    assert run_both(memory_store, off, "second") == [Status.COMPLETED, Status.COMPLETED]


def test_what_has_expired_is_made_again_and_taken_from_then_on(
    memory_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshot = counted(tmp_path / "journal", cache_policy=CachePolicy(expires_after=timedelta(hours=1)))
    run_both(memory_store, snapshot, "first")
    from skylift.ledger.records import now

    later = now() + timedelta(hours=1)
    monkeypatch.setattr("skylift.caching.entries.now", lambda: later)
    assert run_both(memory_store, snapshot, "second") == [Status.COMPLETED, Status.COMPLETED]
    second = start_run(memory_store, snapshot, "second")
    record = second.ledger.result(second.id, "a")
    assert record is not None
    assert record.miss is Miss.EXPIRED
    assert len(memory_store.list("cache/")) == 4

    monkeypatch.undo()
    assert run_both(memory_store, snapshot, "third") == [Status.CACHED, Status.CACHED]
    third = start_run(memory_store, snapshot, "third")
    taken = third.ledger.result(third.id, "a")
    assert taken is not None
    assert taken.cached_from is not None
    assert taken.cached_from.run_id == second.id


def test_what_failed_is_not_kept(memory_store: ObjectStore, tmp_path: Path) -> None:
    snapshot = make_snapshot(make_step("a", steps.fails), source_digests=SOURCES)
    for run in ("first", "second"):
        assert run_step(start_run(memory_store, snapshot, run), snapshot.steps[0]).status is Status.FAILED
    assert memory_store.list("cache/") == []


def test_data_that_is_gone_is_made_again(memory_store: ObjectStore, tmp_path: Path) -> None:
    snapshot = counted(tmp_path / "journal")
    run_both(memory_store, snapshot, "first")
    first = start_run(memory_store, snapshot, "first")
    record = first.ledger.result(first.id, "b")
    assert record is not None
    memory_store.delete(memory_store.list(keys.artifact(record.outputs["output"].digest)))
    assert run_both(memory_store, snapshot, "second") == [Status.CACHED, Status.COMPLETED]
    second = start_run(memory_store, snapshot, "second")
    again = second.ledger.result(second.id, "b")
    assert again is not None
    assert again.miss is Miss.DAMAGED
    assert outputs_of(memory_store, second.id, "b") == {"output": 2}


def test_data_that_is_damaged_below_its_record_is_named(memory_store: ObjectStore, tmp_path: Path) -> None:
    snapshot = make_snapshot(
        make_step("a", steps.makes_much, outputs=ONE),
        make_step("b", steps.takes, inputs={"value": "a"}),
        source_digests={"skylift_tests_support.steps:makes_much": "p" * 64},
    )
    run_both(memory_store, snapshot, "first")
    data = [key for key in memory_store.list("artifacts/") if "/data/" in key]
    memory_store.delete(data)
    second = start_run(memory_store, snapshot, "second")
    assert run_step(second, snapshot.steps[0]).status is Status.CACHED
    outcome = run_step(second, snapshot.steps[1])
    assert outcome.status is Status.FAILED
    assert isinstance(outcome.exception, DamagedObject)
    assert "step 'a', output 'output'" in outcome.reason


def test_its_own_run_is_no_earlier_one(memory_store: ObjectStore, tmp_path: Path) -> None:
    """Two calls with equal data in one run both run, whichever is first."""
    given = {"journal": str(tmp_path / "journal"), "name": "same"}
    one = make_step("a", steps.tally, parameters=given, outputs=ONE)
    other = one.model_copy(update={"spec": one.spec.model_copy(update={"invocation_id": "b"})})
    snapshot = make_snapshot(one, other, source_digests=SOURCES)
    assert run_both(memory_store, snapshot, "first") == [Status.COMPLETED, Status.COMPLETED]
    assert run_both(memory_store, snapshot, "second") == [Status.CACHED, Status.CACHED]


def test_a_second_copy_of_a_step_that_was_taken(memory_store: ObjectStore, tmp_path: Path) -> None:
    snapshot = counted(tmp_path / "journal")
    run_both(memory_store, snapshot, "first")
    second = start_run(memory_store, snapshot, "second")
    assert run_step(second, snapshot.steps[0]).status is Status.CACHED
    again = run_step(start_run(memory_store, snapshot, "second"), snapshot.steps[0])
    assert (again.status, exit_code(again)) == (Status.COMPLETED, EXIT_OK)
    assert read_all(memory_store, second.id, snapshot).steps["a"].status is Status.CACHED


def test_hooks_of_a_step_are_for_one_that_ran(memory_store: ObjectStore, tmp_path: Path) -> None:
    hook = "skylift_tests_support.steps:on_success"
    snapshot = counted(tmp_path / "journal", on_success=hook)
    steps.CALLED.clear()
    run_both(memory_store, snapshot, "first")
    run_both(memory_store, snapshot, "second")
    assert steps.CALLED == ["success of a", "success of b"]


def test_a_store_that_takes_no_entry_has_the_result(
    memory_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = memory_store.create

    def refusing(key: str, data: bytes) -> Any:
        if key.startswith("cache/"):
            raise StoreUnavailable("it is full", who="store")
        return create(key, data)

    monkeypatch.setattr(memory_store, "create", refusing)
    assert run_both(memory_store, counted(tmp_path / "j"), "first") == [Status.COMPLETED, Status.COMPLETED]


def test_a_process_of_its_own_takes_it_too(file_store: ObjectStore, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    snapshot = counted(journal)
    run_both(file_store, snapshot, "first")
    start_run(file_store, snapshot, "own/2")
    for name in ("a", "b"):
        process = step_process(file_store, snapshot, name, "own/2")
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    assert lines(journal) == ["a", "b"]
    run = start_run(file_store, snapshot, "own/2")
    found = read_all(file_store, run.id, snapshot)
    assert found.status is Status.COMPLETED
    assert {step.status for step in found.steps.values()} == {Status.CACHED}
    assert run.ledger.newest_end(run.id) is not None, "the last that was taken closes the run"
