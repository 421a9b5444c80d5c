"""Processes that are killed, for real, at random instants of their lives.

The seed is printed; SKYLIFT_TEST_SEED repeats it, as far as a kernel's timing can be repeated.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from skylift_tests_support.forks import Warm, launch
from skylift_tests_support.runs import (
    chain,
    lines,
    make_record,
    make_snapshot,
    outputs_of,
    read_all,
    start_run,
)

from skylift.backends import of_process
from skylift.ledger.ledger import Ledger
from skylift.ledger.view import settled
from skylift.runtime.step import run_step
from skylift.store.location import LAYOUT, open_store
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import RunIdError

if TYPE_CHECKING:
    from skylift.store.objects import ObjectStore
    from skylift_contract.snapshot import PipelineSnapshot

pytestmark = pytest.mark.slow

COLD, WARM = 30, 70
"""Kills of each kind of process from its start on, and from when everything is imported."""

WARMED = """
import os, sys
import obstore
import skylift.runtime.step, skylift.runtime.opening, skylift.runtime.descriptors, skylift.store.obstore_transport
import skylift.artifacts, skylift.materializers.json_values, skylift_tests_support.steps, skylift.local.coordinator
"""
STEP = """
from skylift.runtime.__main__ import main
sys.exit(main(["step", "--store", sys.argv[1], "--snapshot", sys.argv[2], "--step", "a"]))
"""
RUN = """
from skylift.ledger.ledger import Ledger
from skylift.local.coordinator import coordinate
from skylift.runtime.active import ActiveRun
from skylift.store.location import open_store
from skylift_tests_support.runs import make_record
ledger = Ledger(open_store(sys.argv[1]))
snapshot = ledger.snapshot(sys.argv[2])
coordinate(ActiveRun(ledger, snapshot, ledger.open_run(make_record(snapshot))), 1, {})
"""


class Cold:
    """A process from its very start on."""

    def __init__(self, code: str) -> None:
        self._code = WARMED + code

    def live(self, store: str, digest: str, at_most_s: float) -> int:
        """Its exit code; after so many seconds it is killed."""
        with launch(self._code, store, digest) as process:
            try:
                return process.wait(at_most_s)
            except subprocess.TimeoutExpired:
                process.kill()
                return process.wait()


@dataclass
class Kills:
    """One kind of process, killed again and again; `stages` counts how far each had come."""

    folder: Path
    names: str
    stages: Counter[str] = field(default_factory=Counter[str])

    def prepared(self, number: str) -> tuple[ObjectStore, PipelineSnapshot, Path]:
        folder = self.folder / number
        folder.mkdir()
        store, journal = open_store(f"file://{folder}/store"), folder / "journal"
        members = [step for step in chain(journal).steps if step.spec.invocation_id in self.names]
        snapshot = make_snapshot(*members, flavor="local")
        Ledger(store).put_snapshot(snapshot)
        return store, snapshot, journal

    def life_s(self, number: str, victim: Cold | Warm) -> tuple[float, float]:
        """When its run begins and ends, when nobody kills it: seconds after its start."""
        store, snapshot, _ = self.prepared(number)
        began = time.time()
        assert victim.live(store.uri, snapshot.digest, 60) == 0
        run = store_folder(store) / "runs" / make_record(snapshot).run_id
        times = [(run / name).stat().st_mtime - began for name in ("run.json", "end/0000.json")]
        return max(times[0], 0), max(times[1], 0)

    def kill_each(self, label: str, victim: Cold | Warm, instants: list[float]) -> None:
        for number, after_s in enumerate(instants):
            self.kill(f"{label}-{number}", victim, after_s)

    def kill(self, number: str, victim: Cold | Warm, after_s: float) -> None:
        store, snapshot, journal = self.prepared(number)
        victim.live(store.uri, snapshot.digest, after_s)
        ran = Counter(lines(journal))
        run_id = make_record(snapshot).run_id
        self.stages[self.stage(store, run_id)] += 1
        read_all(store, run_id, snapshot)
        is_finished = self.settle(store, run_id, snapshot)
        committed = {name for name in self.names if Ledger(store).result(run_id, name)}
        assert all(ran[name] >= 1 for name in committed)
        again(store, snapshot, committed, is_finished)
        for number_, name in enumerate(self.names, 1):
            assert outputs_of(store, run_id, name) == {"output": number_}
            assert Counter(lines(journal))[name] == ran[name] + (name not in committed)
        found = read_all(store, run_id, snapshot)
        end = Ledger(store).newest_end(run_id)
        assert found.status is Status.COMPLETED
        assert end is not None
        assert end[1].status is Status.COMPLETED

    def stage(self, store: ObjectStore, run_id: str) -> str:
        ledger = Ledger(store)
        if ledger.run(run_id) is None:
            return "no run"
        if ledger.newest_end(run_id):
            return "sealed"
        steps = ledger.listing(run_id).steps.values()
        return f"{sum(bool(step.attempts) for step in steps)} started, {sum(s.committed for s in steps)} committed"

    def settle(self, store: ObjectStore, run_id: str, snapshot: PipelineSnapshot) -> bool:
        """Looking at it from here closes what the process left open; whether it had completed."""
        ledger = Ledger(store)
        record = ledger.run(run_id)
        if record is None:
            return False
        found = settled(ledger, run_id, snapshot, of_process(record))
        end = ledger.newest_end(run_id)
        assert end is not None
        assert end[1].status is found.status
        if found.status is not Status.COMPLETED:
            assert found.status is Status.FAILED
            assert found.reason.endswith("the process died")
            assert all(step.status.is_finished for step in found.steps.values())
        return found.status is Status.COMPLETED


def again(store: ObjectStore, snapshot: PipelineSnapshot, committed: set[str], is_finished: bool) -> None:
    """The execution is repaired: what has no result is started once more, by its own ID."""
    for name in snapshot.step_configurations:
        if name in committed:
            if is_finished:
                with pytest.raises(RunIdError):
                    run_step(start_run(store, snapshot), snapshot.step(name))
            continue
        assert run_step(start_run(store, snapshot), snapshot.step(name)).status is Status.COMPLETED


@pytest.fixture(scope="module")
def chance() -> random.Random:
    seed = int(os.environ.get("SKYLIFT_TEST_SEED", random.randrange(10**6)))
    print(f"SKYLIFT_TEST_SEED={seed}")
    return random.Random(seed)


def spread(chance: random.Random, begins: float, ends: float, count: int) -> list[float]:
    """An instant in each of so many equal parts of the time between."""
    return [begins + chance.uniform(number, number + 1) / count * (ends - begins) for number in range(count)]


def store_folder(store: ObjectStore) -> Path:
    return Path(store.uri.removeprefix("file://")) / LAYOUT


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("code", "names"), [(STEP, "a"), (RUN, "abc")], ids=["step", "run"])
def test_killed_at_any_instant(code: str, names: str, tmp_path: Path, chance: random.Random) -> None:
    kills, cold, warm = Kills(tmp_path, names), Cold(code), [Warm(WARMED, code), Warm(WARMED, code)]
    kills.life_s("first", cold)  # bytecode is written
    _, ends = kills.life_s("cold", cold)
    starting = spread(chance, 0, 1.3 * ends, COLD)
    begins, ends = kills.life_s("warm", warm[0])
    running = spread(chance, begins / 2, 1.5 * ends, WARM)
    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(kills.kill_each, f"cold-{i}", cold, starting[i::2]) for i in range(2)]
        done += [pool.submit(kills.kill_each, f"warm-{i}", warm[i], running[i::2]) for i in range(2)]
        for one in done:
            one.result()
    for each in warm:
        each.close()

    print(kills.stages)
    assert kills.stages.total() == COLD + WARM
    assert len(kills.stages) >= 3, "the instants hit different stages"
    assert any("started" in stage for stage in kills.stages)
