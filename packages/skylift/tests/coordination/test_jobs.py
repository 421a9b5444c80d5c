"""Steps as jobs, each a process of this machine: who tries again, and what is written of one that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support import steps
from skylift_tests_support.runs import lines, make_snapshot, make_step, read_all, start_run, step_process

from skylift import observer
from skylift.coordination.coordinator import coordinate
from skylift.coordination.jobs import Jobs
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import BackendError, StoreUnavailable
from skylift_contract.settings import StepRetryConfig
from skylift_contract.status import AttemptEnd, StepStatus

if TYPE_CHECKING:
    from pathlib import Path

    from skylift.runtime.active import ActiveRun
    from skylift.store.objects import ObjectStore
    from skylift_contract.snapshot import Step


@dataclass
class ProcessJob:
    process: subprocess.Popen[str]

    def wait(self) -> StepStatus:
        self.process.communicate()
        code = self.process.returncode
        if code == 0:
            return StepStatus(Status.COMPLETED)
        stopped = code in {143, -signal.SIGTERM}
        return StepStatus(Status.STOPPED if stopped else Status.FAILED, f"it ended with {code}")

    def stop(self) -> None:
        self.process.terminate()


@dataclass
class Backend:
    """Starts jobs, and notes the number of each."""

    run: ActiveRun
    started: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])

    def start(self, step: Step, number: int) -> ProcessJob:
        name = step.spec.invocation_id
        self.started.append((name, number))
        return ProcessJob(step_process(self.run.ledger.store, self.run.snapshot, name))


def make_run(store: ObjectStore, *members: Step) -> tuple[ActiveRun, Backend]:
    run = start_run(store, make_snapshot(*members, retries="backend"))
    return run, Backend(run)


def ends(run: ActiveRun, name: str) -> list[AttemptEnd]:
    found = run.ledger.step_listing(run.id, name).attempts
    return [end for number in sorted(found) for end in found[number]]


def status(run: ActiveRun) -> dict[str, Status]:
    return {name: one.status for name, one in read_all(run.ledger.store, run.id, run.snapshot).steps.items()}


def outcome(run: ActiveRun) -> tuple[Status, str]:
    newest = run.ledger.newest_end(run.id)
    assert newest is not None
    return newest[1].status, newest[1].reason


def test_a_failed_step_is_tried_again_in_a_fresh_job(file_store: ObjectStore, journal: Path) -> None:
    parameters = {"journal": str(journal), "attempt": 3}
    step = make_step("a", steps.fails_until, parameters=parameters, retry=StepRetryConfig(max_retries=2))
    run, backend = make_run(file_store, step, make_step("b", after=("a",)))
    coordinate(run, 2, Jobs(run, backend.start))

    assert backend.started == [("a", 1), ("a", 2), ("a", 3), ("b", 1)]
    assert lines(journal) == ["attempt 1", "attempt 2", "attempt 3"]
    assert outcome(run) == (Status.COMPLETED, "")


def test_retries_come_to_an_end(file_store: ObjectStore) -> None:
    step = make_step("a", steps.fails, retry=StepRetryConfig(max_retries=1))
    run, backend = make_run(file_store, step, make_step("b", after=("a",)))
    coordinate(run, 2, Jobs(run, backend.start))

    assert backend.started == [("a", 1), ("a", 2)]
    assert ends(run, "a") == [AttemptEnd.RETRYING, AttemptEnd.FAILED]
    assert status(run) == {"a": Status.FAILED, "b": Status.SKIPPED}


def test_a_job_that_was_killed_counts_as_failed(file_store: ObjectStore) -> None:
    step = make_step("a", steps.dies, retry=StepRetryConfig(max_retries=1))
    run, backend = make_run(file_store, step)
    coordinate(run, 2, Jobs(run, backend.start))

    assert backend.started == [("a", 1), ("a", 2)]
    assert ends(run, "a") == [AttemptEnd.RETRYING, AttemptEnd.FAILED]
    assert outcome(run) == (Status.FAILED, "step 'a': it ended with -9")
    failure = run.ledger.failure(run.id)
    assert failure is not None
    assert failure.attempt == 2


def test_a_job_that_never_came_to_its_step_has_an_attempt_of_its_own(file_store: ObjectStore) -> None:
    """Though the one before it did: what that wrote is not taken for its end."""
    step = make_step("a", steps.fails, retry=StepRetryConfig(max_retries=1))
    run, backend = make_run(file_store, step)

    def start(step: Step, number: int) -> ProcessJob:
        if number == 1:
            return backend.start(step, number)
        return ProcessJob(subprocess.Popen(["sh", "-c", "exit 3"], text=True))

    coordinate(run, 2, Jobs(run, start))

    assert ends(run, "a") == [AttemptEnd.RETRYING, AttemptEnd.FAILED]
    assert outcome(run) == (Status.FAILED, "step 'a': it ended with 3")


def test_a_job_that_says_it_completed_and_left_nothing_has_failed(file_store: ObjectStore) -> None:
    def start(*_: Any) -> ProcessJob:
        return ProcessJob(subprocess.Popen(["true"], text=True))

    run, _ = make_run(file_store, make_step("a"))
    coordinate(run, 2, Jobs(run, start))

    assert outcome(run) == (Status.FAILED, "step 'a': its job ended as completed, and left no result")


def test_a_stopped_step_is_not_tried_again(file_store: ObjectStore, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "arrived")
    parameters = {"arrived": str(tmp_path / "arrived"), "go_on": str(tmp_path / "arrived")}
    step = make_step("a", steps.waits, parameters=parameters, retry=StepRetryConfig(max_retries=3))
    run, backend = make_run(file_store, step)
    jobs = Jobs(run, backend.start)

    def stop() -> None:
        (tmp_path / "arrived").read_text()
        jobs.ask_to_stop()

    thread = threading.Thread(target=stop)
    thread.start()
    coordinate(run, 1, jobs)
    thread.join()

    assert backend.started == [("a", 1)]
    assert ends(run, "a") == [AttemptEnd.STOPPED]
    assert outcome(run)[0] is Status.STOPPED


class Stops(observer.Silent):
    """Stops the run once it is told that a step will be tried again."""

    def __init__(self) -> None:
        self.jobs: Jobs | None = None
        self.told: list[str] = []

    def step(self, event: observer.StepEvent) -> None:
        if event.reason and event.status is Status.RUNNING:
            self.told.append(event.reason)
            assert self.jobs is not None
            self.jobs.ask_to_stop()


def test_a_stop_ends_the_pause_between_attempts(file_store: ObjectStore) -> None:
    retry = StepRetryConfig(max_retries=1, delay=3600)  # pyright: ignore[reportArgumentType] -- seconds are accepted
    run, backend = make_run(file_store, make_step("a", steps.fails, retry=retry))
    watching = Stops()
    watching.jobs = jobs = Jobs(run, backend.start)
    with observer.observed(watching):
        coordinate(run, 1, jobs)

    assert watching.told == ["attempt 1 failed, the next starts after 3600 s: ValueError: no luck"]
    assert backend.started == [("a", 1)]
    end = run.ledger.attempt_end(run.id, "a", 1, AttemptEnd.STOPPED)
    assert end is not None
    assert end.reason == "it was stopped before its next attempt"
    assert outcome(run)[0] is Status.STOPPED


def test_a_job_that_its_backend_refuses_is_its_steps_failure(file_store: ObjectStore) -> None:
    run, backend = make_run(file_store, make_step("a"), make_step("b"))

    def start(step: Step, number: int) -> ProcessJob:
        if step.spec.invocation_id == "a":
            raise BackendError("there is no room", operation="backend:Start")
        return backend.start(step, number)

    coordinate(run, 1, Jobs(run, start))

    assert status(run) == {"a": Status.FAILED, "b": Status.COMPLETED}
    assert outcome(run) == (
        Status.FAILED,
        "step 'a': it could not be started: backend:Start: there is no room.",
    )


def test_a_store_that_breaks_ends_the_run(file_store: ObjectStore) -> None:
    def start(*_: Any) -> ProcessJob:
        raise StoreUnavailable("it is gone")

    run, _ = make_run(file_store, make_step("a"), make_step("b"))
    with pytest.raises(StoreUnavailable, match=r"^it is gone\.$"):
        coordinate(run, 1, Jobs(run, start))

    assert outcome(run) == (Status.FAILED, "it is gone.")
