"""Every store operation in the life of a step and of a run, with every fault that can befall it.

After each: the ledger answers, what is published is whole, and whoever starts it again
commits exactly once.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from skylift_tests_support.faults import Died, Fault, FaultyTransport, faults_of, faulty_store
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
from skylift.ledger import process
from skylift.ledger.ledger import Ledger
from skylift.ledger.view import settled
from skylift.local.coordinator import coordinate
from skylift.runtime.step import run_step
from skylift.store.location import open_store
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import RunIdError, SkyliftError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from skylift_tests_support.faults import Call

    from skylift.store.objects import ObjectStore
    from skylift_contract.snapshot import PipelineSnapshot

    Life = Callable[[ObjectStore, PipelineSnapshot], None]


@pytest.fixture(scope="module")
def ended_pid() -> int:
    """Of a process that has ended: who dies in these tests leaves its records as if from that one."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


class Mortal:
    """The process under test: whatever it writes, it writes as one that is gone afterwards."""

    def __init__(self, pid: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pid, self.monkeypatch, self.real = pid, monkeypatch, process.me()

    def live(self, life: Life, store: ObjectStore, snapshot: PipelineSnapshot) -> BaseException | None:
        host, boot, _, _ = self.real
        with self.monkeypatch.context() as patched:
            patched.setattr(process, "me", lambda: (host, boot, self.pid, "1"))
            try:
                life(store, snapshot)
            except (Died, SkyliftError) as error:
                return error
        return None


@pytest.fixture
def mortal(ended_pid: int, monkeypatch: pytest.MonkeyPatch) -> Mortal:
    return Mortal(ended_pid, monkeypatch)


def once(index: int, fault: Fault) -> Callable[[int, Call], Fault | None]:
    """One fault; but a process that died makes no calls any more."""

    def plan(number: int, call: Call) -> Fault | None:
        if number == index:
            return fault
        is_dead = number > index and fault in {Fault.DIES_BEFORE, Fault.DIES_AFTER}
        return Fault.DIES_BEFORE if is_dead else None

    return plan


def one_step(store: ObjectStore, snapshot: PipelineSnapshot) -> None:
    run = start_run(store, snapshot)
    run_step(run, snapshot.step("a"))


def three_steps(store: ObjectStore, snapshot: PipelineSnapshot) -> None:
    """As a backend does: the next starts when the one before exited with 0."""
    for name in "abc":
        run_step(start_run(store, snapshot), snapshot.step(name))


def local_run(store: ObjectStore, snapshot: PipelineSnapshot) -> None:
    coordinate(start_run(store, snapshot), 1, {})


def every_fault(life: Life, snapshot: PipelineSnapshot) -> Iterator[tuple[int, Call, Fault]]:
    store, clean = faulty_store()
    life(store, snapshot)
    assert len(clean.calls) > 10
    for index, call in enumerate(clean.calls):
        for fault in faults_of(call):
            yield index, call, fault


def start_again(store: ObjectStore, snapshot: PipelineSnapshot) -> None:
    """What a backend does that repairs the execution: what has no result is started once more."""
    for name in snapshot.step_configurations:
        run = start_run(store, snapshot)
        was_there = run.result(name) is not None
        has_ended = (newest := run.ledger.newest_end(run.id)) is not None and not newest[1].is_open
        if was_there and has_ended:
            with pytest.raises(RunIdError, match="has committed and the run has ended"):
                run_step(run, snapshot.step(name))
        else:
            assert run_step(run, snapshot.step(name)).status is Status.COMPLETED


def check_nothing_runs(store: ObjectStore, run_id: str, snapshot: PipelineSnapshot) -> None:
    """Seen from another process, once the one under test is gone."""
    ledger = Ledger(store)
    record = ledger.run(run_id)
    if record is None:
        return  # it died before there was a run
    status = settled(ledger, run_id, snapshot, of_process(record))
    assert status.status is not Status.RUNNING
    assert all(step.status is not Status.RUNNING for step in status.steps.values())


@pytest.mark.parametrize("life", [one_step, three_steps, local_run])
@pytest.mark.timeout(120)
def test_every_fault_at_every_operation(life: Life, mortal: Mortal, tmp_path: Path) -> None:
    whole = chain(tmp_path / "journal")
    snapshot = make_snapshot(whole.steps[0]) if life is one_step else whole
    flavored = snapshot.model_copy(
        update={"runtime": snapshot.runtime.model_copy(update={"flavor": "local"})}
    )
    snapshot = make_snapshot(*flavored.steps, flavor="local")
    tried = 0
    for index, call, fault in every_fault(life, snapshot):
        where, tried = f"{fault.name} at {index}: {call.operation} {call.key}", tried + 1
        _one_fault(life, snapshot, mortal, tmp_path / "journal", index, fault, where)
    assert tried > 50


def _one_fault(
    life: Life,
    snapshot: PipelineSnapshot,
    mortal: Mortal,
    journal: Path,
    index: int,
    fault: Fault,
    where: str,
) -> None:
    journal.unlink(missing_ok=True)
    inner = open_store(f"memory://{uuid4().hex}")
    store, transport = faulty_store(once(index, fault), over=inner)
    raised = mortal.live(life, store, snapshot)
    assert len(transport.calls) > index, where
    run_id = make_record(snapshot).run_id
    read_all(inner, run_id, snapshot)
    first = Counter(lines(journal))
    committed = {name for name in "abc" if Ledger(inner).result(run_id, name)}
    if fault in {Fault.CONFLICT, Fault.REPEATED} or (
        fault is Fault.LOST_AFTER and call_is_put(transport, index)
    ):
        assert raised is None, f"{where}: a lost answer to a write ends nothing: {raised}"
    check_nothing_runs(inner, run_id, snapshot)

    start_again(inner, snapshot)

    second = Counter(lines(journal))
    for number, name in enumerate(snapshot.step_configurations, 1):
        assert outputs_of(inner, run_id, name) == {"output": number}, where
        assert second[name] == first[name] + (name not in committed), (
            f"{where}: {name} ran {second[name]} times"
        )
        ends = Ledger(inner).step_listing(run_id, name).attempts
        assert sum(not end for end in ends.values()) <= 1 + (
            fault in {Fault.DIES_AFTER, Fault.DIES_BEFORE}
        ), where
    _has_completed(inner, snapshot, where)


def _has_completed(store: ObjectStore, snapshot: PipelineSnapshot, where: str) -> None:
    """The run is closed, and another of the same snapshot is none the worse."""
    run_id = make_record(snapshot).run_id
    status = read_all(store, run_id, snapshot)
    assert status.status is Status.COMPLETED, f"{where}: {status}"
    end = Ledger(store).newest_end(run_id)
    assert end is not None, f"{where}: nobody closed the run"
    assert end[1].status is Status.COMPLETED, where
    other = start_run(store, snapshot, "own/2")
    coordinate(other, 1, {})
    assert read_all(store, other.id, snapshot).status is Status.COMPLETED, where


def call_is_put(transport: FaultyTransport, index: int) -> bool:
    return transport.calls[index].operation == "put_new"


def test_a_step_that_nobody_starts_again_is_known_to_have_died(mortal: Mortal, tmp_path: Path) -> None:
    """Killed right after it claimed its attempt."""
    snapshot = make_snapshot(*chain(tmp_path / "journal").steps, flavor="local")
    inner = open_store(f"memory://{uuid4().hex}")

    def plan(_: int, call: Call) -> Fault | None:
        nonlocal dead
        was_dead, dead = dead, dead or call.key.endswith("start.json")
        return Fault.DIES_BEFORE if was_dead else Fault.DIES_AFTER if dead else None

    dead = False
    store, _ = faulty_store(plan, over=inner)
    assert isinstance(mortal.live(local_run, store, snapshot), Died)
    ledger, run_id = Ledger(inner), make_record(snapshot).run_id
    record = ledger.run(run_id)
    assert record is not None
    status = settled(ledger, run_id, snapshot, of_process(record))

    assert status.status is Status.FAILED
    assert status.steps["a"].reason == "the process died"
    assert [step.status for step in status.steps.values()] == [Status.FAILED, Status.SKIPPED, Status.SKIPPED]
    end = ledger.newest_end(run_id)
    assert end is not None
    assert end[1].reason == "step 'a': the process died"
