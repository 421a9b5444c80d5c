"""An answer for each way in which a run can stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from skylift import ExecutionMode, StepRetryConfig, get_step_context, pipeline, step
from skylift.client import Client
from skylift.explanation import TAIL, explain, headline
from skylift.ledger.records import StopRecord
from skylift.models import PipelineRun
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import RunFailed
from skylift_contract.status import RunStatus, StepStatus

if TYPE_CHECKING:
    from collections.abc import Callable


@step
def load() -> int:
    return 1


@step
def fail(value: int, text: str) -> int:
    for number in range(100):
        print("line", number)
    raise ValueError(text)


@step
def after(value: int) -> int:
    return value


@step
def aside() -> int:
    return 1


@pipeline
def two_failures() -> None:
    after(fail(load(), "one"))
    after(fail(load(), "two"))
    aside(id="last")


@step(retry=StepRetryConfig(max_retries=1))
def tries() -> None:
    attempt = get_step_context().attempt
    print("this is try", attempt)
    raise ValueError(f"try {attempt}")


@pipeline
def tried() -> None:
    tries()


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch) -> str:
    uri = f"memory://{uuid4().hex}"
    monkeypatch.setenv("SKYLIFT_STORE_URI", uri)
    return uri


def failed(store: str, **options: Any) -> PipelineRun:
    with pytest.raises(RunFailed):
        two_failures.with_options(**options)()
    return Client(store).run("last")


def test_the_first_that_failed_comes_first_and_with_its_log(store: str) -> None:
    found = explain(failed(store))

    assert [(failure.step, failure.reason) for failure in found.failed] == [
        ("fail", "ValueError: one"),
        ("fail_2", "ValueError: two"),
    ]
    first, second = found.failed
    assert first.tail == tuple(f"line {number}" for number in range(100 - TAIL, 100))
    assert second.tail == ()
    assert first.traceback.startswith("Traceback (most recent call last):\n")
    assert "skylift/runtime" not in first.traceback
    assert found.not_run == ("after",)
    assert headline(second).startswith("step 'fail_2' failed after ")
    assert found.summary.endswith(
        "of pipeline 'two_failures' failed, for step 'fail' failed (3 completed, 2 failed, 2 skipped)."
    )


def test_of_a_step_that_was_tried_again_the_newest_attempts_log_is_shown(store: str) -> None:
    with pytest.raises(RunFailed):
        tried()
    (failure,) = explain(Client(store).run("last")).failed
    assert (failure.attempt, failure.reason, failure.tail) == (2, "ValueError: try 2", ("this is try 2",))


def test_what_a_failure_that_ends_the_run_kept_from_running(store: str) -> None:
    found = explain(failed(store, execution_mode=ExecutionMode.STOP_ON_FAILURE))
    assert found.failed[0].step == "fail"
    assert found.not_run == ("after", "fail_2", "after_2")


def always(status: RunStatus) -> Callable[[PipelineRun], RunStatus]:
    return lambda _: status


STEPS = {
    "load": StepStatus(Status.COMPLETED, attempt=1),
    "train": StepStatus(Status.RUNNING, attempt=1),
    "score": StepStatus(Status.PENDING),
}


@pytest.mark.parametrize(
    ("status", "sentence", "following"),
    [
        (
            RunStatus(Status.RUNNING, steps=STEPS),
            "is running, at step 'train' (1 pending, 1 running, 1 completed).",
            "watch",
        ),
        (
            RunStatus(Status.RUNNING, steps={"train": StepStatus(Status.RUNNING, "attempt 1 failed", 2)}),
            "is running; step 'train': attempt 1 failed (1 running).",
            "watch",
        ),
        (
            RunStatus(Status.PENDING, "no step has started"),
            "has not begun: no step has started.",
            "watch",
        ),
        (
            RunStatus(Status.UNKNOWN, "it runs on far, and can be asked there only", STEPS),
            (
                "cannot be asked how it stands: it runs on far, and can be asked there only "
                "(1 pending, 1 running, 1 completed)."
            ),
            "watch",
        ),
        (
            RunStatus(Status.FAILED, "the process died", {"load": StepStatus(Status.NOT_STARTED)}),
            "failed: the process died (1 not started).",
            "describe",
        ),
        (
            RunStatus(Status.STOPPED, "", {"load": StepStatus(Status.STOPPED, "it was stopped", 1)}),
            "was stopped where it ran: by Ctrl-C or a signal (1 stopped).",
            "describe",
        ),
        (
            RunStatus(Status.STOPPING, "", STEPS),
            "is being stopped where it ran: by Ctrl-C or a signal (1 pending, 1 running, 1 completed).",
            "watch",
        ),
    ],
    ids=lambda value: value.status.value if isinstance(value, RunStatus) else "",
)
def test_each_status_has_its_sentence(
    store: str, monkeypatch: pytest.MonkeyPatch, status: RunStatus, sentence: str, following: str
) -> None:
    run = failed(store)
    monkeypatch.setattr(PipelineRun, "fetch", always(status))
    found = explain(run)
    assert found.summary == f"run {run.id} of pipeline 'two_failures' {sentence}"
    assert found.following[0][0] == f"skylift runs {following} {run.id}"


def test_what_to_type_next_finds_the_store(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = failed(store)
    monkeypatch.setenv("SKYLIFT_STORE_URI", f"{store}-other")
    commands = [command for command, _ in explain(run).following]
    assert commands[0] == f"skylift runs logs {run.id} fail --store {store}"
    assert commands[-1] == f"skylift runs resume {run.id} --store {store}"


def test_every_status_has_one(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = failed(store)
    for status in Status:
        monkeypatch.setattr(PipelineRun, "fetch", always(RunStatus(status)))
        assert explain(run).summary.startswith(f"run {run.id} of pipeline 'two_failures' ")
        assert explain(run).following


@pytest.mark.parametrize(
    ("graceful", "how"), [(False, "was stopped, as me asked at "), (True, "was stopped, gracefully, as me")]
)
def test_who_stopped_it(store: str, monkeypatch: pytest.MonkeyPatch, graceful: bool, how: str) -> None:
    run = failed(store)
    run.ledger.request_stop(str(run.id), StopRecord(graceful=graceful, user="me"))
    monkeypatch.setattr(PipelineRun, "fetch", always(RunStatus(Status.STOPPED)))
    assert how in explain(run).summary
