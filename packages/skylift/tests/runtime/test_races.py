"""Fifty real processes that race for one run and one step."""

from __future__ import annotations

import os
import subprocess
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from skylift_tests_support import steps
from skylift_tests_support.runs import (
    lines,
    make_record,
    make_snapshot,
    make_step,
    outputs_of,
    read_all,
    step_process,
)

from skylift.ledger import keys
from skylift.ledger.index import newest_runs
from skylift.ledger.ledger import Ledger
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.status import AttemptEnd

if TYPE_CHECKING:
    from pathlib import Path

    from skylift.store.objects import ObjectStore

pytestmark = pytest.mark.slow

RACERS = 50


@pytest.mark.timeout(180)
def test_fifty_processes_make_one_run_and_one_result(file_store: ObjectStore, tmp_path: Path) -> None:
    """All have run the step before the first may commit; `b` keeps the run open."""
    arrived, go_on, journal = tmp_path / "arrived", tmp_path / "go_on", tmp_path / "journal"
    for fifo in (arrived, go_on):
        os.mkfifo(fifo)
    parameters = {"journal": str(journal), "arrived": str(arrived), "go_on": str(go_on)}
    snapshot = make_snapshot(
        make_step("a", steps.gathers, parameters=parameters), make_step("b", after=("a",))
    )
    ledger = Ledger(file_store)
    ledger.put_snapshot(snapshot)
    arrivals = os.open(arrived, os.O_RDWR)  # both ways: it never ends while nobody writes
    racers = [step_process(file_store, snapshot, "a") for _ in range(RACERS)]
    for _ in range(2 * RACERS):  # a dot and a line end each
        os.read(arrivals, 1)
    with go_on.open("w"):
        said = [racer.communicate(timeout=120) for racer in racers]
    os.close(arrivals)

    run = make_record(snapshot).run_id
    assert Counter(racer.returncode for racer in racers) == {0: RACERS}, said
    assert {key.split("/")[1] for key in file_store.list(keys.RUNS)} == {run}
    assert [record.run_id for record in newest_runs(ledger)] == [run]
    assert lines(journal) == ["ran"] * RACERS
    result = ledger.result(run, "a")
    assert result is not None
    attempts = dict(ledger.step_listing(run, "a").attempts)
    assert attempts.keys() == set(range(1, RACERS + 1))
    assert attempts.pop(result.attempt) == frozenset()
    assert set(attempts.values()) == {frozenset({AttemptEnd.DUPLICATE})}
    winner = ledger.start(run, "a", result.attempt)
    assert winner is not None
    assert outputs_of(file_store, run, "a") == {"output": winner.writer.pid}
    for attempt in attempts:
        end = ledger.attempt_end(run, "a", attempt, AttemptEnd.DUPLICATE)
        assert end is not None
        assert end.reason == "another attempt committed first"
    assert read_all(file_store, run, snapshot).steps["a"].status is Status.COMPLETED


@pytest.mark.timeout(120)
def test_a_crowd_that_is_not_held_together_commits_once_too(file_store: ObjectStore, tmp_path: Path) -> None:
    """Some come when the result is there, some while it is written."""
    journal = tmp_path / "journal"
    parameters = {"journal": str(journal), "name": "a"}
    snapshot = make_snapshot(make_step("a", steps.tally, parameters=parameters), make_step("b", after=("a",)))
    ledger = Ledger(file_store)
    ledger.put_snapshot(snapshot)
    racers: list[subprocess.Popen[str]] = [step_process(file_store, snapshot, "a") for _ in range(12)]
    for racer in racers:
        racer.communicate(timeout=60)

    run = make_record(snapshot).run_id
    assert {racer.returncode for racer in racers} == {0}
    attempts = ledger.step_listing(run, "a").attempts
    assert Counter(attempts.values()) == {frozenset(): 1, frozenset({AttemptEnd.DUPLICATE}): 11}
    assert 1 <= len(lines(journal)) <= 12
