"""Orchestrations that are killed, for real, at random instants, and resumed.

The seed is printed; SKYLIFT_TEST_SEED repeats it, as far as a kernel's timing can be repeated.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from skylift_tests_support.dynamic_runs import opened, orchestrated, resuming, snapshot_of
from skylift_tests_support.forks import Warm, kill_and_wait_for_children
from skylift_tests_support.runs import lines, make_record
from skylift_tests_support.tallied import tallied

from skylift.ledger.calls import calls_of
from skylift.ledger.ledger import Ledger
from skylift.models import PipelineRun
from skylift.runtime.active import ActiveRun
from skylift.store.location import LAYOUT, open_store
from skylift_contract.enums import ExecutionStatus as Status

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="it looks for orphans in /proc"),
]

KILLS = {0: (90, 5), 1: (10, 2)}
"""How many orchestrations are killed, and in how many different stages at least, by the number of their
steps that are processes of their own."""

IMPORTS = """
import os, sys
import obstore
import skylift.runtime.step, skylift.store.obstore_transport, skylift.artifacts
import skylift.materializers.json_values, skylift_tests_support.tallied
from skylift.ledger.ledger import Ledger
from skylift.store.location import open_store
from skylift_tests_support.dynamic_runs import opened, orchestrated
"""
RUN = """
store = open_store(sys.argv[1])
orchestrated(opened(store, Ledger(store).snapshot(sys.argv[2])))
"""


class Life:
    """A run in a store of its own, and its journal."""

    def __init__(self, folder: Path, apart: int) -> None:
        folder.mkdir()
        self.journal = folder / "journal"
        self.store = open_store(f"file://{folder}/store")
        self.ledger = Ledger(self.store)
        self.snapshot = snapshot_of(tallied, journal=str(self.journal), apart=apart)
        self.ledger.put_snapshot(self.snapshot)
        self.run_id = make_record(self.snapshot).run_id

    def lived(self, victims: Warm, at_most_s: float) -> None:
        """Have a process make the run, and be killed after so long."""
        victims.live(self.store.uri, self.snapshot.digest, at_most_s, kill_and_wait_for_children)

    def times(self, victims: Warm) -> tuple[float, float]:
        """When its run begins and ends, when nobody kills it: seconds after the start of its process."""
        began = time.time()
        self.lived(victims, 60)
        folder = Path(self.store.uri.removeprefix("file://")) / LAYOUT / "runs" / self.run_id
        begins, ends = ((folder / name).stat().st_mtime - began for name in ("run.json", "end/0000.json"))
        return max(begins, 0), max(ends, 0)

    def read(self) -> None:
        """Ask for everything that can be asked of the run, and of those within."""
        for run_id in paths(self.ledger, self.run_id):
            if (record := self.ledger.run(run_id)) is not None:
                run = PipelineRun.of_record(self.ledger, record)
                assert run.fetch().status in {Status.FAILED, Status.COMPLETED}
                assert all(step.status.is_finished for step in run.steps.values())

    def gone_on(self, *, is_same_run: bool) -> ActiveRun:
        """Take the run to its end, as another process of it, or as a new run that resumes it."""
        record = self.ledger.run(self.run_id)
        if record is None:
            run = opened(self.store, self.snapshot)
        elif is_same_run:
            self.ledger.reopen(self.run_id)
            run = ActiveRun(self.ledger, self.snapshot, record)
        else:
            run = resuming(ActiveRun(self.ledger, self.snapshot, record))
        end = orchestrated(run)
        assert (end.status, end.reason) == (Status.COMPLETED, "")
        return run


def paths(ledger: Ledger, run_id: str, path: str = "") -> dict[str, str]:
    """Run → the ids of the calls that it is nested in: of a run, and of those within."""
    found = {run_id: path}
    for call in calls_of(ledger, run_id):
        if call.sub_run:
            found |= paths(ledger, call.sub_run, f"{path}{call.invocation_id}/")
    return found


def made(ledger: Ledger, run_id: str) -> dict[str, list[str]]:
    """What was committed, or was there before: path → digests of its outputs."""
    return {
        f"{path}{name}": found
        for one, path in paths(ledger, run_id).items()
        for name, found in _made_in(ledger, one)
    }


def _made_in(ledger: Ledger, run_id: str) -> Iterator[tuple[str, list[str]]]:
    if (record := ledger.run(run_id)) is None:
        return
    for name, bound in ledger.snapshot(record.snapshot).bindings.items():
        if not name.startswith("input:"):
            yield name, [ref.digest for ref in bound.outputs.values()]
    for call in calls_of(ledger, run_id):
        if result := ledger.result(run_id, call.invocation_id):
            yield call.invocation_id, [ref.digest for ref in result.outputs.values()]


def ran(journal: Path, known: dict[str, str], after: int = 0) -> list[str]:
    """The paths of the steps in a journal, from a line on."""
    return [f"{known[run]}{name}" for run, name in (line.split() for line in lines(journal)[after:])]


def killed(
    life: Life, victims: Warm, after_s: float, *, is_same_run: bool
) -> tuple[int, dict[str, list[str]]]:
    """How many steps had committed, and what was made in the end."""
    life.lived(victims, after_s)
    life.read()
    before, seen = made(life.ledger, life.run_id), len(lines(life.journal))
    run = life.gone_on(is_same_run=is_same_run)
    known = paths(life.ledger, life.run_id) | paths(life.ledger, run.id)
    steps = {name for name in before if not name.endswith("tallied_within")}
    assert steps <= set(ran(life.journal, known))
    assert not steps & set(ran(life.journal, known, seen))
    return len(before), made(life.ledger, run.id)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("apart", KILLS)
def test_killed_at_any_instant(apart: int, tmp_path: Path) -> None:
    seed = int(os.environ.get("SKYLIFT_TEST_SEED", random.randrange(10**6)))
    print(f"SKYLIFT_TEST_SEED={seed}")
    chance, victims = random.Random(seed), Warm(IMPORTS, RUN)
    count, different = KILLS[apart]
    Life(tmp_path / "first", apart).lived(victims, 60)  # bytecode is written
    whole = Life(tmp_path / "whole", apart)
    begins, ends = whole.times(victims)
    expected, stages = made(whole.ledger, whole.run_id), Counter[int]()
    noted = ran(whole.journal, paths(whole.ledger, whole.run_id))
    assert sorted(noted) == sorted({"refuse", *expected} - {"tallied_within"})

    for number in range(count):
        after_s = begins / 2 + chance.uniform(number, number + 1) / count * (ends - begins / 2)
        life = Life(tmp_path / str(number), apart)
        committed, found = killed(life, victims, after_s, is_same_run=number % 2 == 0)
        assert found == expected
        stages[committed] += 1
    victims.close()

    print(stages)
    assert len(stages) >= different, "the instants hit different stages"
