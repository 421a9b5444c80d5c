"""Whole local runs: in this process, and in workers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support import steps
from skylift_tests_support.faults import Call, Fault, faulty_store
from skylift_tests_support.runs import (
    chain,
    lines,
    make_snapshot,
    make_step,
    outputs_of,
    process_environment,
    read_all,
    start_run,
)

from skylift.backends import of_process
from skylift.ledger.records import StopRecord
from skylift.ledger.view import settled
from skylift.local.coordinator import coordinate
from skylift.runtime import processes
from skylift_contract.enums import ExecutionMode
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import StoreUnavailable
from skylift_contract.settings import StepRetryConfig
from skylift_contract.status import AttemptEnd

if TYPE_CHECKING:
    from collections.abc import Callable

    from skylift.ledger.records import RunEndRecord
    from skylift.runtime.active import ActiveRun
    from skylift.store.objects import ObjectStore
    from skylift_contract.snapshot import Step

widths = pytest.mark.parametrize("width", [1, 2])


def end_of(run: ActiveRun) -> RunEndRecord:
    newest = run.ledger.newest_end(run.id)
    assert newest is not None
    return newest[1]


def status(run: ActiveRun) -> dict[str, Status]:
    found = read_all(run.ledger.store, run.id, run.snapshot)
    return {name: step.status for name, step in found.steps.items()}


def local(store: ObjectStore, *members: Step, **config: Any) -> ActiveRun:
    return start_run(store, make_snapshot(*members, flavor="local", **config))


def waiting(folder: Path, name: str, **config: Any) -> Step:
    """A step that says on one FIFO that it runs, and waits on another."""
    parameters = {key: str(folder / f"{name}.{key}") for key in ("arrived", "go_on", "journal")}
    for key in ("arrived", "go_on"):
        os.mkfifo(parameters[key])
    return make_step(name, steps.waits, parameters=parameters, **config)


def listen(folder: Path, name: str) -> None:
    (folder / f"{name}.arrived").read_text()


def release(folder: Path, name: str) -> None:
    steps.meet(str(folder / f"{name}.go_on"))


def beside(act: Callable[[], Any]) -> threading.Thread:
    thread = threading.Thread(target=act)
    thread.start()
    return thread


@widths
def test_a_run_completes(file_store: ObjectStore, journal: Path, width: int) -> None:
    run = start_run(file_store, chain(journal))
    coordinate(run, width, {})

    assert status(run) == dict.fromkeys("abc", Status.COMPLETED)
    assert outputs_of(file_store, run.id, "c") == {"output": 3}
    assert end_of(run).status is Status.COMPLETED
    assert lines(journal) == ["a", "b", "c"]


@widths
@pytest.mark.parametrize("mode", ExecutionMode)
def test_what_a_failure_does_to_the_rest(
    file_store: ObjectStore, mode: ExecutionMode, width: int, journal: Path
) -> None:
    run = local(
        file_store,
        make_step("a", steps.fails),
        make_step("b", after=("a",)),
        *(make_step(n, after=() if n == "c" else (chr(ord(n) - 1),)) for n in "cdef"),
        mode=mode,
    )
    coordinate(run, width, {})
    found = status(run)

    assert found["a"] is Status.FAILED
    assert found["b"] is Status.SKIPPED
    goes_on = mode is ExecutionMode.CONTINUE_ON_FAILURE
    # In a worker, `c` may have been started just before, and then seen the failure.
    assert found["f"] in ({Status.COMPLETED} if goes_on else {Status.NOT_STARTED, Status.SKIPPED})
    assert (end_of(run).status, end_of(run).reason) == (Status.FAILED, "step 'a': ValueError: no luck")
    failure = run.ledger.failure(run.id)
    assert failure is not None
    assert failure.invocation_id == "a"


@pytest.mark.parametrize("mode", ExecutionMode)
def test_what_a_failure_does_to_a_step_that_runs(
    file_store: ObjectStore, tmp_path: Path, mode: ExecutionMode
) -> None:
    """`b` runs when `a` fails: it is stopped, or it may finish."""
    both = tmp_path / "both"
    os.mkfifo(both)
    run = local(
        file_store,
        make_step("a", steps.waits, parameters={"arrived": str(both), "go_on": "/nowhere"}),
        waiting(tmp_path, "b"),
        mode=mode,
    )

    def script() -> None:
        listen(tmp_path, "b")
        both.read_text()  # now `a` fails: there is nothing at /nowhere
        if mode is not ExecutionMode.FAIL_FAST:
            release(tmp_path, "b")

    thread = beside(script)
    coordinate(run, 2, {})
    thread.join()

    stopped = mode is ExecutionMode.FAIL_FAST
    assert status(run) == {"a": Status.FAILED, "b": Status.STOPPED if stopped else Status.COMPLETED}
    assert lines(tmp_path / "b.journal") == (["StopRequested"] if stopped else [])
    assert end_of(run).status is Status.FAILED


def test_a_worker_that_will_not_stop_is_killed(
    file_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "STOP_GRACE_S", 0.1)
    both, deaf = tmp_path / "both", tmp_path / "deaf"
    os.mkfifo(both)
    os.mkfifo(deaf)
    run = local(
        file_store,
        make_step("a", steps.waits, parameters={"arrived": str(both), "go_on": "/nowhere"}),
        make_step("b", steps.deaf, parameters={"arrived": str(deaf)}),
        mode=ExecutionMode.FAIL_FAST,
    )
    thread = beside(lambda: (deaf.read_text(), both.read_text()))
    coordinate(run, 2, {})
    thread.join()

    end = run.ledger.attempt_end(run.id, "b", 1, AttemptEnd.STOPPED)
    assert end is not None
    assert end.reason == "its process ended with signal SIGKILL and left no result"


def test_a_worker_that_is_killed_has_failed(file_store: ObjectStore) -> None:
    run = local(file_store, make_step("a", steps.dies), make_step("b", after=("a",)))
    coordinate(run, 2, {})

    assert status(run) == {"a": Status.FAILED, "b": Status.SKIPPED}
    assert end_of(run).reason == "step 'a': its process ended with signal SIGKILL and left no result"


def test_a_worker_that_never_came_to_its_step_says_why(
    file_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    run = local(file_store, make_step("a", steps.nothing, environment={}))
    run.ledger.store.delete([f"snapshots/{run.snapshot.digest}.json"])
    coordinate(run, 2, {})

    reason = end_of(run).reason
    assert reason.startswith(
        "step 'a': its process ended with exit code 1 and left no result: skylift: snapshot "
    )


def test_a_step_with_a_time_limit_runs_in_a_worker(file_store: ObjectStore, tmp_path: Path) -> None:
    run = local(file_store, waiting(tmp_path, "a", timeout=0.2))
    thread = beside(lambda: listen(tmp_path, "a"))
    coordinate(run, 1, {})
    thread.join()

    assert end_of(run).reason == "step 'a': it timed out after 0.2 s"


def test_a_worker_that_leaves_a_child_behind_ends(
    file_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LAST_OUTPUT_S", 0.01)
    run = local(file_store, make_step("a", steps.leaves_a_child, parameters={"seconds": 20}))
    coordinate(run, 2, {})

    assert end_of(run).status is Status.COMPLETED


@widths
def test_retries_are_the_steps_own(file_store: ObjectStore, journal: Path, width: int) -> None:
    parameters = {"journal": str(journal), "attempt": 3}
    retry = StepRetryConfig(max_retries=2)
    run = local(file_store, make_step("a", steps.fails_until, parameters=parameters, retry=retry))
    coordinate(run, width, {})

    assert lines(journal) == ["attempt 1", "attempt 2", "attempt 3"]
    assert end_of(run).status is Status.COMPLETED


@pytest.mark.parametrize("graceful", [True, False])
def test_a_run_that_is_asked_to_stop(file_store: ObjectStore, tmp_path: Path, graceful: bool) -> None:
    """It looks when a step ends; a graceful stop lets the others finish."""
    run = local(file_store, waiting(tmp_path, "a"), waiting(tmp_path, "b"), make_step("c", after=("a",)))

    def script() -> None:
        listen(tmp_path, "a")
        listen(tmp_path, "b")
        run.ledger.request_stop(run.id, StopRecord(graceful=graceful))
        release(tmp_path, "a")
        if graceful:
            release(tmp_path, "b")

    thread = beside(script)
    coordinate(run, 2, {})
    thread.join()

    assert status(run) == {
        "a": Status.COMPLETED,
        "b": Status.COMPLETED if graceful else Status.STOPPED,
        "c": Status.NOT_STARTED,
    }
    assert end_of(run).status is Status.STOPPED


def test_a_graceful_stop_waits_for_nothing_that_a_failure_stops(
    file_store: ObjectStore, tmp_path: Path
) -> None:
    run = local(file_store, waiting(tmp_path, "a"), waiting(tmp_path, "b"), mode=ExecutionMode.FAIL_FAST)

    def script() -> None:
        listen(tmp_path, "a")
        listen(tmp_path, "b")
        run.ledger.request_stop(run.id, StopRecord(graceful=True))
        start = run.ledger.start(run.id, "a", 1)
        assert start is not None
        os.kill(start.writer.pid, signal.SIGKILL)

    thread = beside(script)
    coordinate(run, 2, {})
    thread.join()

    assert status(run) == {"a": Status.FAILED, "b": Status.STOPPED}


def test_a_run_is_sealed_though_a_call_was_lost(memory_store: ObjectStore, journal: Path) -> None:
    lost: list[Call] = []

    def plan(_: int, call: Call) -> Fault | None:
        if call.operation != "pages" or not call.key.rstrip("/").endswith("/end") or lost:
            return None
        lost.append(call)
        return Fault.LOST_BEFORE

    store, _ = faulty_store(plan, over=memory_store)
    run = start_run(store, chain(journal))
    coordinate(run, 1, {})

    assert len(lost) == 1
    assert end_of(run).status is Status.COMPLETED


def test_a_store_that_breaks_ends_the_run(memory_store: ObjectStore, journal: Path) -> None:
    def plan(_: int, call: Call) -> Fault | None:
        return Fault.LOST_BEFORE if "steps/b-" in call.key and call.operation == "put_new" else None

    store, _ = faulty_store(plan, over=memory_store)
    run = start_run(store, chain(journal))
    with pytest.raises(StoreUnavailable):
        coordinate(run, 1, {})

    assert status(run) == {"a": Status.COMPLETED, "b": Status.NOT_STARTED, "c": Status.NOT_STARTED}
    assert end_of(run).status is Status.FAILED
    assert "the connection broke" in end_of(run).reason


def test_an_environment_reaches_its_worker(file_store: ObjectStore) -> None:
    run = local(file_store, make_step("a", steps.reads_variable, parameters={"name": "TESTED"}))
    coordinate(run, 2, {"a": {"TESTED": "yes"}})

    assert outputs_of(file_store, run.id, "a") == {"output": "yes"}


# From outside: the program that makes the run is another process

PROGRAM = """
import sys
from skylift.local.coordinator import coordinate
from skylift.store.location import open_store
from skylift.ledger.ledger import Ledger
from skylift.runtime.active import ActiveRun
from skylift_tests_support.runs import make_record
store, digest, width = sys.argv[1:]
ledger = Ledger(open_store(store))
snapshot = ledger.snapshot(digest)
coordinate(ActiveRun(ledger, snapshot, ledger.open_run(make_record(snapshot))), int(width), {})
print("the program goes on")
"""


def program(store: ObjectStore, *members: Step, width: int) -> tuple[ActiveRun, subprocess.Popen[str]]:
    from skylift_tests_support.runs import make_record

    from skylift.ledger.ledger import Ledger
    from skylift.runtime.active import ActiveRun

    snapshot, ledger = make_snapshot(*members, flavor="local"), Ledger(store)
    ledger.put_snapshot(snapshot)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, store.uri, snapshot.digest, str(width)],
        env=process_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return ActiveRun(ledger, snapshot, make_record(snapshot)), process


@widths
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_the_run_and_its_steps(
    file_store: ObjectStore, tmp_path: Path, width: int, number: int
) -> None:
    run, process = program(file_store, waiting(tmp_path, "a"), make_step("b", after=("a",)), width=width)
    with process:
        listen(tmp_path, "a")
        process.send_signal(number)
        out, err = process.communicate(timeout=60)

    assert end_of(run).status is Status.STOPPED, err
    assert status(run) == {"a": Status.STOPPED, "b": Status.SKIPPED}
    expected = "KeyboardInterrupt" if number == signal.SIGINT and width == 1 else "StopRequested"
    assert lines(tmp_path / "a.journal") == [expected]
    assert "the program goes on" in out


REASONS = [
    (signal.SIGINT, "it was stopped by Ctrl-C"),
    (signal.SIGTERM, "it was stopped by SIGTERM"),
    (signal.SIGHUP, "it was stopped by SIGHUP: its terminal is gone"),
]


@pytest.mark.parametrize(("number", "reason"), REASONS)
def test_after_a_stop_that_a_step_handles_itself_nothing_starts(
    file_store: ObjectStore, tmp_path: Path, number: int, reason: str
) -> None:
    run, process = program(file_store, keeping(tmp_path), make_step("b", after=("a",)), width=1)
    with process:
        (tmp_path / "arrived").read_text()
        process.send_signal(number)
        out, err = process.communicate(timeout=60)

    assert (end_of(run).status, end_of(run).reason) == (Status.STOPPED, reason), err
    assert status(run) == {"a": Status.COMPLETED, "b": Status.NOT_STARTED}
    assert outputs_of(file_store, run.id, "a") == {"output": 1}
    assert "the program goes on" in out


def test_a_step_that_handles_every_stop_is_the_last(file_store: ObjectStore, tmp_path: Path) -> None:
    run, process = program(file_store, keeping(tmp_path, times=3), make_step("b"), width=1)
    with process:
        for _ in range(3):
            (tmp_path / "arrived").read_text()
            process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)

    assert (end_of(run).status, end_of(run).reason) == (Status.STOPPED, "it was stopped by Ctrl-C"), err
    assert status(run) == {"a": Status.COMPLETED, "b": Status.NOT_STARTED}


def test_a_step_that_fails_over_a_stop_is_not_tried_again(file_store: ObjectStore, tmp_path: Path) -> None:
    run, process = program(
        file_store, keeping(tmp_path, fails=True, retry=StepRetryConfig(max_retries=1)), width=1
    )
    with process:
        (tmp_path / "arrived").read_text()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)

    assert end_of(run).reason == "step 'a': it was stopped by Ctrl-C before its next attempt", err


def keeping(folder: Path, *, times: int = 1, fails: bool = False, **config: Any) -> Step:
    arrived = str(folder / "arrived")
    os.mkfifo(arrived)
    parameters = {"arrived": arrived, "times": times, "fails": fails}
    return make_step("a", steps.keeps_what_it_has, parameters=parameters, **config)


@widths
def test_a_run_whose_process_is_killed_has_failed_and_leaves_no_worker(
    file_store: ObjectStore, tmp_path: Path, width: int
) -> None:
    run, process = program(file_store, waiting(tmp_path, "a"), make_step("b", after=("a",)), width=width)
    with process:
        listen(tmp_path, "a")
        attempt = run.ledger.start(run.id, "a", 1)
        assert attempt is not None
        worker = attempt.writer.pid
        process.kill()
        process.communicate(timeout=60)
    if width == 2:
        wait_for_end(worker)
    record = run.ledger.run(run.id)
    assert record is not None
    found = settled(run.ledger, run.id, run.snapshot, of_process(record))

    expected = Status.FAILED if width == 1 else Status.STOPPED
    assert found.steps["a"].status is expected
    assert found.status is expected
    assert end_of(run).status is expected
    if width == 1:
        assert found.steps["a"].reason == "the process died"
        assert end_of(run).reason == "step 'a': the process died"
    else:
        assert lines(tmp_path / "a.journal") == ["StopRequested"]


def wait_for_end(pid: int) -> None:
    """Until a process that is no child of this one has ended."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    import select

    select.select([watch], [], [], 60)
    os.close(watch)


def test_a_request_to_stop_is_found_while_every_worker_is_busy(
    file_store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a thread of a program that gets no signal."""
    monkeypatch.setattr("skylift.coordination.coordinator.LOOK_S", 0.01)
    run = local(file_store, waiting(tmp_path, "a"), waiting(tmp_path, "b"))
    thread = threading.Thread(target=coordinate, args=(run, 2, {}))
    thread.start()
    for name in "ab":
        listen(tmp_path, name)
    run.ledger.request_stop(run.id, StopRecord(user="me"))
    thread.join()

    assert status(run) == {"a": Status.STOPPED, "b": Status.STOPPED}
    assert end_of(run).status is Status.STOPPED
