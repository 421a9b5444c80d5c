"""Random programs mean in a dynamic run what they mean in plain Python; also in a run that was killed and resumed."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from skylift_tests_support import programs
from skylift_tests_support.dynamic_runs import opened, orchestrated, resuming, snapshot_of, statuses
from skylift_tests_support.faults import Call, Died, Fault, faulty_store
from skylift_tests_support.plain_programs import Plain
from skylift_tests_support.programs import (
    Branch,
    Calls,
    Collect,
    Dynamic,
    Interpreter,
    Load,
    LoadAll,
    Loop,
    Map,
    Nest,
    Product,
    Program,
    Raise,
    Return,
    Try,
)

from skylift.ledger.calls import calls_of
from skylift.ledger.ledger import Ledger
from skylift.runtime.active import ActiveRun
from skylift.store.location import open_store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift.ledger.records import RunEndRecord
    from skylift.store.objects import ObjectStore

SNAPSHOT = snapshot_of()
PROPERTY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

which = st.integers(0, 9)
SIMPLE = st.one_of(
    st.builds(
        Calls,
        st.sampled_from(["double", "add", "picky", "picky", "split", "numbers", "total"]),
        st.booleans(),
        st.tuples(which, which),
    ),
    st.builds(Load, which),
    st.builds(LoadAll, which),
    st.builds(Map, st.sampled_from(["double", "picky", "split", "add"]), which, which),
    st.builds(Product, st.tuples(which, which)),
    st.builds(Collect, st.lists(which, max_size=3).map(tuple)),
)
ENDS = st.one_of(
    st.just(()),
    st.tuples(st.builds(Return, st.sampled_from(["variable", "list", "both"]), which)),
    st.tuples(st.builds(Raise, st.just("mine"))),
)


def blocks(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    body = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(st.builds(Loop, which, body), st.builds(Branch, which, body, body), st.builds(Try, body))


def bodies(nested: range, size: int) -> st.SearchStrategy[Program]:
    """Programs that call those of these numbers."""
    leaf = SIMPLE
    if nested:
        calls = st.builds(Nest, st.sampled_from(nested), which, which)
        leaf = st.one_of(SIMPLE, SIMPLE, SIMPLE, calls, calls.map(lambda one: Try((one,))))
    statements = st.lists(st.recursive(leaf, blocks, max_leaves=4), min_size=1, max_size=size)
    return st.tuples(statements.map(tuple), ENDS).map(lambda parts: (*parts[0], *parts[1]))


PROGRAMS = st.tuples(bodies(range(2), 6), bodies(range(1, 2), 4), bodies(range(0), 3))


def plainly(program: Program) -> tuple[Plain, list[Any], str]:
    """The world it leaves behind, what it saw, and why it failed."""
    world, seen = Plain(), list[Any]()
    return world, seen, world.end(program, 1, [1, 2, 3], seen)[1]


def lived(run: ActiveRun, program: Program) -> tuple[RunEndRecord, list[Any]]:
    """Take a run to its end; and what its function saw."""
    seen = list[Any]()
    programs.CALLED.clear()
    try:
        return orchestrated(run, lambda: Interpreter(Dynamic(), seen).play(program, 1, [1, 2, 3])), seen
    finally:
        for thread in threading.enumerate():
            if thread.name == "skylift-step":  # it dies with its process, which here goes on
                thread.join(20)


@given(PROGRAMS)
@PROPERTY
def test_a_program_means_what_plain_python_means(drawn: tuple[Program, Program, Program]) -> None:
    program, programs.INNER[:] = drawn[0], drawn[1:]
    world, seen, reason = plainly(program)
    run = opened(open_store(f"memory://{uuid4().hex}"), SNAPSHOT)

    end, saw = lived(run, program)

    assert saw == seen
    assert (end.status.value, end.reason) == ("failed" if reason else "completed", reason)
    assert statuses(run) == {call.id: call.status for call in world.calls}


class Lives:
    """One run after another in one store; each but the last ends at a random write, as a process that is killed."""

    def __init__(self) -> None:
        self.store = open_store(f"memory://{uuid4().hex}")
        self.paths: dict[str, str] = {}
        """Run → the ids of the calls that it is nested in."""
        self.committed: set[str] = set()

    def dying_at(self, write: int, fault: Fault) -> ObjectStore:
        """A store that takes so many writes, and then nothing more."""
        writes, lock = 0, threading.Lock()

        def plan(_: int, call: Call) -> Fault | None:
            nonlocal writes
            with lock:
                writes += call.operation == "put_new"
                if writes <= write:
                    return None
                first = call.operation == "put_new" and writes == write + 1
                return fault if first else Fault.DIES_BEFORE

        return faulty_store(plan, over=self.store)[0]

    def looked_at(self, run: ActiveRun) -> None:
        """What ran in this life had not committed in one before; note what has now."""
        self._walk(run.id, "")
        ran = [f"{self.paths[run_id]}{name}" for run_id, name in programs.CALLED]
        assert not self.committed & set(ran)
        assert len(ran) == len(set(ran))
        self.committed |= {
            f"{self.paths[one]}{name}" for one in self.paths for name in self._committed_in(one)
        }

    def _walk(self, run_id: str, path: str) -> None:
        self.paths[run_id] = path
        for call in calls_of(Ledger(self.store), run_id):
            if call.sub_run:
                self._walk(call.sub_run, f"{path}{call.invocation_id}/")

    def _committed_in(self, run_id: str) -> Iterator[str]:
        ledger = Ledger(self.store)
        calls = [call for call in calls_of(ledger, run_id) if not call.sub_run]
        return (call.invocation_id for call in calls if ledger.result(run_id, call.invocation_id))


@given(
    PROGRAMS,
    st.lists(
        st.tuples(st.floats(0, 1), st.booleans(), st.sampled_from([Fault.DIES_BEFORE, Fault.DIES_AFTER])),
        min_size=1,
        max_size=3,
    ),
)
@PROPERTY
def test_a_run_that_was_killed_goes_on_to_the_same_end(
    drawn: tuple[Program, Program, Program], deaths: list[tuple[float, bool, Fault]]
) -> None:
    program, programs.INNER[:] = drawn[0], drawn[1:]
    _, seen, reason = plainly(program)
    counted, transport = faulty_store()
    lived(opened(counted, SNAPSHOT), program)
    writes = sum(call.operation == "put_new" for call in transport.calls)

    lives = Lives()
    run = opened(lives.store, SNAPSHOT)
    for number, (share, is_same_run, fault) in enumerate(deaths):
        dying = lives.dying_at(int(share * writes), fault)
        with suppress(Died):
            lived(ActiveRun(Ledger(dying), run.snapshot, run.record), program)
        lives.looked_at(run)
        if not is_same_run:
            run = resuming(run, f"own/{number + 2}")
        run.ledger.reopen(run.id)
        run = ActiveRun(run.ledger, run.snapshot, run.record)
    end, saw = lived(run, program)
    lives.looked_at(run)

    assert saw == seen
    assert (end.status.value, end.reason) == ("failed" if reason else "completed", reason)
