from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from skylift.console.progress import Progress
from skylift.observer import StepEvent
from skylift_contract.enums import ExecutionStatus as Status

TOLD = (Status.RUNNING, Status.COMPLETED, Status.FAILED, Status.STOPPED, Status.SKIPPED)
EVENTS = st.lists(st.tuples(st.integers(min_value=0, max_value=59), st.sampled_from(TOLD)), max_size=150)


def told(names: int, events: list[tuple[int, Status]]) -> Progress:
    progress = Progress([f"s{number}" for number in range(names)])
    for moment, (number, status) in enumerate(events):
        progress.note(StepEvent(f"s{number}", status, attempt=1), float(moment))
    return progress


@given(EVENTS, st.integers(min_value=1, max_value=80))
def test_a_screen_is_never_overfull_and_always_in_order(events: list[tuple[int, Status]], room: int) -> None:
    progress = told(50, events)
    shown = progress.shown(room)

    assert len(shown) <= room
    assert [row.place for row in shown] == sorted({row.place for row in shown})
    assert sum(progress.counts.values()) == len(progress.rows)
    assert progress.done == sum(row.status.is_finished for row in progress.rows.values())


@given(EVENTS, st.integers(min_value=3, max_value=80))
def test_what_runs_and_what_failed_comes_first(events: list[tuple[int, Status]], room: int) -> None:
    progress = told(50, events)
    shown = {row.name for row in progress.shown(room)}
    running = {row.name for row in progress.rows.values() if row.status is Status.RUNNING}
    failed = {row.name for row in progress.rows.values() if row.status is Status.FAILED}

    if len(running) + len(failed) <= room:
        assert running | failed <= shown
    assert len(shown & running) >= min(len(running), room - room // 3)
    assert len(shown & failed) >= min(len(failed), room // 3)


def test_a_thousand_steps_show_what_ended_last_and_what_comes_next() -> None:
    progress = told(1000, [(n, s) for n in range(500) for s in (Status.RUNNING, Status.COMPLETED)])
    progress.note(StepEvent("s500", Status.RUNNING), 1000.0)

    names = [row.name for row in progress.shown(6)]
    assert names == ["s495", "s496", "s497", "s498", "s499", "s500"]
    assert progress.done == 500


def test_a_step_of_a_dynamic_run_turns_up_later() -> None:
    progress = Progress()
    progress.note(StepEvent("map:0", Status.RUNNING), 3.0)
    assert [row.elapsed(5.0) for row in progress.shown(5)] == [2.0]


def test_what_was_started_and_found_that_it_must_not_run_had_no_attempt() -> None:
    progress = told(2, [(0, Status.RUNNING), (1, Status.RUNNING)])
    progress.note(StepEvent("s0", Status.SKIPPED, "the run was asked to stop"), 3.0)
    progress.note(StepEvent("s1", Status.FAILED), 3.0)
    assert [row.attempt for row in progress.rows.values()] == [0, 1]


def test_cached_steps_are_there_and_done() -> None:
    progress = Progress(["load", "train"], ["load"])
    assert [(row.name, row.status) for row in progress.shown(5)] == [
        ("load", Status.CACHED),
        ("train", Status.PENDING),
    ]
    assert progress.done == 1


def test_elapsed_goes_on_over_attempts_and_ends_with_the_step() -> None:
    progress = Progress(["a"])
    progress.note(StepEvent("a", Status.RUNNING), 1.0)
    row = progress.note(StepEvent("a", Status.RUNNING, "attempt 1 failed", 2), 4.0)
    assert (row.elapsed(5.0), row.attempt) == (4.0, 2)
    assert progress.note(StepEvent("a", Status.COMPLETED, "", 2, 6.5), 9.0).elapsed(99.0) == 6.5


def test_a_repaired_step_is_no_failure_any_more() -> None:
    progress = told(100, [(7, Status.FAILED), (7, Status.RUNNING), (7, Status.COMPLETED)])
    assert progress.counts[Status.FAILED] == 0
    assert "s7" in {row.name for row in progress.shown(10)}
