from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

import pytest
from skylift_tests_support import steps
from skylift_tests_support.faults import Call, Fault, faulty_store
from skylift_tests_support.runs import (
    lines,
    log_of,
    make_snapshot,
    make_step,
    outputs_of,
    read_all,
    start_run,
)

from skylift.ledger import keys
from skylift.ledger.records import EndRecord, ResultRecord, StartRecord, now
from skylift.runtime.active import ActiveRun, Outcome
from skylift.runtime.context import get_step_context, log_metadata
from skylift.runtime.interrupts import StopRequested
from skylift.runtime.invocation import execute_invocation
from skylift.runtime.streams import teed
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import AuthoringError, StoreUnavailable
from skylift_contract.settings import StepRetryConfig
from skylift_contract.status import AttemptEnd

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from skylift.store.objects import ObjectStore


@pytest.fixture(autouse=True)
def called() -> Generator[list[str]]:
    steps.CALLED.clear()
    yield steps.CALLED
    steps.CALLED.clear()


def execute(
    store: ObjectStore, function: Callable[..., Any], /, retries: str = "runtime", **config: Any
) -> Outcome:
    return execute_in(active(store, function, retries, **config))


def active(
    store: ObjectStore, function: Callable[..., Any], retries: str = "runtime", **config: Any
) -> ActiveRun:
    return start_run(store, make_snapshot(make_step("a", function, **config), retries=retries))


def execute_in(run: ActiveRun, **options: Any) -> Outcome:
    with teed():
        return execute_invocation(run, run.snapshot.step("a"), **options)


def end_of(run: ActiveRun, how: AttemptEnd, attempt: int = 1) -> EndRecord:
    found = run.ledger.attempt_end(run.id, "a", attempt, how)
    assert found is not None
    return found


# Outcomes


def test_what_a_step_returns_is_committed(memory_store: ObjectStore) -> None:
    run = active(memory_store, steps.two)

    assert execute_in(run) == Outcome(Status.COMPLETED, attempt=1)
    assert outputs_of(memory_store, run.id, "a") == {"number": 7, "text": "seven"}


def test_what_a_step_raises_is_in_its_record(memory_store: ObjectStore) -> None:
    run = active(memory_store, steps.fails)
    outcome = execute_in(run)
    end = end_of(run, AttemptEnd.FAILED)

    assert (outcome.status, outcome.reason) == (Status.FAILED, "ValueError: no luck")
    assert end.error is not None
    assert (end.error.type, end.error.message, end.reason) == ("ValueError", "no luck", outcome.reason)
    assert end.error.traceback.splitlines()[1].endswith("in fails"), "it starts at the user's code"
    assert "ValueError: no luck" in log_of(memory_store, run.id, "a")


@pytest.mark.parametrize(("code", "said"), [(None, "None"), (0, "0"), (3, "3")])
def test_a_step_that_exits_has_failed(memory_store: ObjectStore, code: int | None, said: str) -> None:
    outcome = execute(memory_store, steps.exits, parameters={"code": code})

    assert (outcome.status, outcome.reason) == (Status.FAILED, f"it called sys.exit({said})")


def cancels() -> None:
    raise asyncio.CancelledError


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("speechless")


def raises_unspeakable() -> None:
    raise Unspeakable


def raises_surrogate() -> None:
    raise FileNotFoundError(os.fsdecode(b"caf\xe9"))


def raises_a_book() -> None:
    raise ValueError("x" * 10**6)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (cancels, "CancelledError"),
        (raises_unspeakable, "Unspeakable: <its __str__ raised RuntimeError>"),
        (raises_surrogate, "FileNotFoundError: caf\\udce9"),
    ],
)
def test_whatever_is_raised_ends_the_attempt(
    memory_store: ObjectStore, function: Callable[[], None], reason: str
) -> None:
    run = active(memory_store, function)

    assert execute_in(run).reason == reason
    assert end_of(run, AttemptEnd.FAILED).reason == reason


def test_a_record_does_not_hold_a_whole_book(memory_store: ObjectStore) -> None:
    run = active(memory_store, raises_a_book)
    execute_in(run)
    end = end_of(run, AttemptEnd.FAILED)

    assert len(end.to_bytes()) < 200_000
    assert "990000 characters left out" in end.reason


@pytest.mark.parametrize("error", [KeyboardInterrupt, StopRequested])
def test_a_step_that_is_interrupted_was_stopped(
    memory_store: ObjectStore, error: type[BaseException]
) -> None:
    def interrupted() -> None:
        raise error

    interrupted.__module__, interrupted.__qualname__ = __name__, "_interrupted"
    globals()["_interrupted"] = interrupted
    run = active(memory_store, interrupted)

    assert execute_in(run).status is Status.STOPPED
    by = " by Ctrl-C" if error is KeyboardInterrupt else ""
    assert end_of(run, AttemptEnd.STOPPED).reason == f"it was stopped{by}"


def test_who_commits_second_is_a_duplicate(memory_store: ObjectStore) -> None:
    run = active(memory_store, steps.nothing)
    other = ResultRecord(invocation_id="a", attempt=9, started=now())
    run.ledger.commit(run.id, other)

    assert execute_in(run).status is Status.COMPLETED
    assert end_of(run, AttemptEnd.DUPLICATE).reason == "another attempt committed first"
    assert run.ledger.result(run.id, "a") == other


def test_a_time_that_is_none_fails_the_step(
    memory_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKYLIFT_SCHEDULED_TIME", "{{ ts }}")

    assert execute(memory_store, steps.nothing).reason == (
        "environment variable SKYLIFT_SCHEDULED_TIME: it is no time in ISO 8601 (got '{{ ts }}'). "
        "Check what the backend substitutes for it."
    )


# Context, environment, hooks


def test_a_step_knows_itself(memory_store: ObjectStore) -> None:
    run = active(memory_store, steps.describes_itself)
    execute_in(run)
    result = run.ledger.result(run.id, "a")

    assert outputs_of(memory_store, run.id, "a") == {"output": "tested/a/a/1"}
    assert result is not None
    assert result.metadata == {"rows": 3, "name": "second"}


@pytest.mark.parametrize("ask", [get_step_context, lambda: log_metadata({"rows": 1})])
def test_outside_a_step_there_is_none(ask: Callable[[], Any]) -> None:
    with pytest.raises(
        AuthoringError, match=r"^get_step_context: no step is running here\. Call it inside a step\.$"
    ):
        ask()


def test_the_environment_is_a_steps_own(memory_store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TESTED_OLD", "before")
    monkeypatch.delenv("TESTED_NEW", raising=False)
    variables = {"TESTED_OLD": "during", "TESTED_NEW": "new"}
    run = active(memory_store, steps.reads_variable, environment=variables, parameters={"name": "TESTED_OLD"})
    execute_in(run)

    assert outputs_of(memory_store, run.id, "a") == {"output": "during"}
    assert os.environ["TESTED_OLD"] == "before"
    assert "TESTED_NEW" not in os.environ
    assert os.environ.pop("SKYLIFT_TEST_ADDED") == "by the step"


def test_the_environment_is_restored_after_a_failure(
    memory_store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TESTED_OLD", "before")
    execute(memory_store, steps.fails, environment={"TESTED_OLD": "during"})

    assert os.environ["TESTED_OLD"] == "before"


def source(function: Callable[..., Any]) -> str:
    return f"{function.__module__}:{function.__qualname__}"


@pytest.mark.parametrize(
    ("function", "told"), [(steps.nothing, "success of a"), (steps.fails, "failure: no luck")]
)
def test_a_hook_is_told(
    memory_store: ObjectStore, called: list[str], function: Callable[[], None], told: str
) -> None:
    hooks = {"on_success": source(steps.on_success), "on_failure": source(steps.on_failure)}
    execute(memory_store, function, **hooks)

    assert called == [told]


def test_the_hook_of_a_failure_is_told_once_nothing_is_tried_again(
    memory_store: ObjectStore, called: list[str]
) -> None:
    run = active(
        memory_store,
        steps.fails,
        on_failure=source(steps.on_failure),
        retry=StepRetryConfig(max_retries=2),
    )
    waited: list[float] = []
    execute_in(run, pause=waited.append)

    assert len(waited) == 2
    assert called == ["failure: no luck"]


@pytest.mark.parametrize("hook", [steps.failing_hook, steps.exiting_hook])
@pytest.mark.parametrize(
    ("function", "status"), [(steps.nothing, Status.COMPLETED), (steps.fails, Status.FAILED)]
)
def test_a_hook_does_not_change_what_a_step_came_to(
    memory_store: ObjectStore, hook: Callable[[], None], function: Callable[[], None], status: Status
) -> None:
    run = active(memory_store, function, on_success=source(hook), on_failure=source(hook))

    assert execute_in(run).status is status
    assert ("the hook broke" in log_of(memory_store, run.id, "a")) is (hook is steps.failing_hook)


# Retries


def test_retries_wait_longer_each_time(memory_store: ObjectStore) -> None:
    retry = StepRetryConfig(max_retries=3, delay=2, backoff=3)  # pyright: ignore[reportArgumentType]
    run = active(memory_store, steps.fails, retry=retry)
    waited: list[float] = []

    outcome = execute_in(run, pause=waited.append)

    assert waited == [2, 6, 18]
    assert (outcome.status, outcome.attempt, outcome.will_retry) == (Status.FAILED, 4, False)
    attempts = run.ledger.step_listing(run.id, "a").attempts
    assert attempts == {n: {AttemptEnd.RETRYING} for n in (1, 2, 3)} | {4: {AttemptEnd.FAILED}}


def test_a_retry_may_succeed(memory_store: ObjectStore, tmp_path: Path) -> None:
    parameters = {"journal": str(tmp_path / "journal"), "attempt": 3}
    run = active(memory_store, steps.fails_until, parameters=parameters, retry=StepRetryConfig(max_retries=5))

    assert execute_in(run, pause=list[float]().append) == Outcome(Status.COMPLETED, attempt=3)
    assert lines(tmp_path / "journal") == ["attempt 1", "attempt 2", "attempt 3"]


def test_attempts_that_were_killed_or_stopped_do_not_count(memory_store: ObjectStore) -> None:
    run = active(memory_store, steps.fails, retry=StepRetryConfig(max_retries=2))
    for how in (None, AttemptEnd.STOPPED, AttemptEnd.SKIPPED, AttemptEnd.RETRYING):
        attempt = run.ledger.claim(run.id, StartRecord(invocation_id="a", attempt=1)).attempt
        if how:
            end = EndRecord(invocation_id="a", attempt=attempt, status=how, started=now())
            run.ledger.end_attempt(run.id, end)
    waited: list[float] = []

    outcome = execute_in(run, pause=waited.append)

    assert outcome.attempt == 6, "of three failures that may be, one was before"
    assert len(waited) == 1


def test_where_the_backend_retries_a_process_is_an_attempt(memory_store: ObjectStore) -> None:
    run = active(memory_store, steps.fails, "backend", retry=StepRetryConfig(max_retries=1))
    waited: list[float] = []
    outcomes = [execute_in(run, pause=waited.append, backend_attempt=n) for n in (1, 2)]

    assert [outcome.will_retry for outcome in outcomes] == [True, False]
    assert waited == []
    assert run.ledger.step_listing(run.id, "a").attempts == {1: {AttemptEnd.RETRYING}, 2: {AttemptEnd.FAILED}}
    start = run.ledger.start(run.id, "a", 2)
    assert start is not None
    assert start.backend_attempt == 2


@pytest.mark.parametrize("error", [KeyboardInterrupt, StopRequested])
def test_a_stop_between_two_attempts_is_recorded(
    memory_store: ObjectStore, error: type[BaseException]
) -> None:
    run = active(memory_store, steps.fails, retry=StepRetryConfig(max_retries=1))

    def pause(_: float) -> None:
        raise error

    assert execute_in(run, pause=pause).status is Status.STOPPED
    assert run.ledger.step_listing(run.id, "a").attempts == {1: {AttemptEnd.RETRYING, AttemptEnd.STOPPED}}
    assert read_all(memory_store, run.id, run.snapshot).steps["a"].status is Status.STOPPED


# The store


def test_a_log_that_cannot_be_stored_does_not_fail_the_step(
    memory_store: ObjectStore, tmp_path: Path
) -> None:
    def no_logs(_: int, call: Call) -> Fault | None:
        return Fault.LOST_BEFORE if call.operation == "put_new" and "/logs/" in call.key else None

    store, _ = faulty_store(no_logs, over=memory_store)
    parameters = {"journal": str(tmp_path / "journal"), "name": "a"}
    run = active(store, steps.tally, parameters=parameters)

    assert execute_in(run).status is Status.COMPLETED
    assert memory_store.list(keys.logs(run.id, "a")) == []


def test_the_log_is_whole_before_the_result_is_there(memory_store: ObjectStore, tmp_path: Path) -> None:
    store, transport = faulty_store(over=memory_store)
    run = active(store, steps.tally, parameters={"journal": str(tmp_path / "j"), "name": "a"})
    execute_in(run)
    written = [call.key for call in transport.calls if call.operation == "put_new"]

    log = keys.log_chunk(run.id, "a", 1, 0)
    assert written.index(log) < written.index(keys.result(run.id, "a"))
    assert log_of(memory_store, run.id, "a") == "output of a\n"


def test_an_attempt_that_could_not_commit_does_not_seem_to_run(memory_store: ObjectStore) -> None:
    def no_result(_: int, call: Call) -> Fault | None:
        return Fault.LOST_BEFORE if call.key.endswith("result.json") else None

    store, _ = faulty_store(no_result, over=memory_store)
    run = active(store, steps.nothing)

    with pytest.raises(StoreUnavailable):
        execute_in(run)
    assert end_of(run, AttemptEnd.FAILED).reason.startswith("store ")
    assert read_all(memory_store, run.id, run.snapshot).steps["a"].status is Status.FAILED
