"""Stopping what is not a run of this machine's, or does not let itself be stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from skylift import pipeline, step, stopping
from skylift.launch.plan import plan
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import RunRecord, Writer
from skylift.models import PipelineRun
from skylift.stopping import stop
from skylift.store.location import open_store
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import ConfigurationError, FlavorNotFound, SkyliftError
from skylift_contract.run_id import run_id

if TYPE_CHECKING:
    from collections.abc import Callable


@step
def only() -> int:
    return 1


@pipeline
def short() -> None:
    only()


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Callable[..., PipelineRun]:
    """Opens a run that nobody executes."""
    ledger = Ledger(open_store(f"memory://{uuid4().hex}"))
    snapshot = plan(short, {}).snapshot
    ledger.put_snapshot(snapshot)

    def make(flavor: str = "local", **writer: Any) -> PipelineRun:
        record = RunRecord(
            run_id=str(run_id(flavor, "7")),
            orchestrator_run_id="7",
            project="default",
            pipeline="short",
            snapshot=snapshot.digest,
            flavor=flavor,
            writer=Writer.this_process().model_copy(update=writer),
        )
        return PipelineRun.of_record(ledger, ledger.open_run(record))

    return make


def never(_: float) -> None:
    raise AssertionError("it waited")


def test_a_run_of_another_machine_is_left_alone(opened: Callable[..., PipelineRun]) -> None:
    run = opened(host="far/123")
    with pytest.raises(ConfigurationError) as refused:
        stop(run, graceful=False, user="me", pause=never)
    assert str(refused.value) == (
        f"run {run.id}: its process runs on far, and can be ended there only. "
        "Do it there, or with --graceful, which the run finds in its store between two steps."
    )
    assert run.ledger.stop_request(str(run.id)) is None


def test_a_graceful_request_reaches_another_machine(opened: Callable[..., PipelineRun]) -> None:
    run = opened(host="far/123")

    class Waited(Exception):
        pass

    def waits(_: float) -> None:
        raise Waited

    with pytest.raises(Waited):
        stop(run, graceful=True, user="me", pause=waits)
    request = run.ledger.stop_request(str(run.id))
    assert request is not None
    assert (request.graceful, request.user) == (True, "me")
    assert "it runs on far" in run.reason


def test_a_process_of_another_user(
    opened: Callable[..., PipelineRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = opened()

    def refuse(*_: Any) -> None:
        raise PermissionError

    monkeypatch.setattr(stopping.os, "kill", refuse)
    with pytest.raises(
        ConfigurationError, match="its process belongs to another user .* Ask them, or stop it"
    ):
        stop(run, graceful=False, user="me", pause=never)


def test_a_process_that_does_not_end_is_named(
    opened: Callable[..., PipelineRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, sent = opened(), list[tuple[int, int]]()
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr(stopping.os, "kill", lambda pid, number: sent.append((pid, number)))
    monkeypatch.setattr(stopping.time, "monotonic", lambda: next(clock))
    with pytest.raises(SkyliftError) as raised:
        stop(run, graceful=False, user="me", pause=lambda _: None)

    assert run.record is not None
    pid = run.record.writer.pid
    assert sent == [(pid, stopping.signal.SIGTERM)]
    assert str(raised.value) == (
        f"run {run.id}, process {pid}: it was asked to stop 30 s ago, and its code does not let itself be "
        f"interrupted. kill -9 {pid} ends it; whoever looks at the run next records that."
    )


def test_a_pid_that_is_anothers_by_now_gets_no_signal(
    opened: Callable[..., PipelineRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: Any) -> None:
        raise AssertionError("a stranger was killed")

    monkeypatch.setattr(stopping.os, "kill", kill)
    run = opened(process_start="0")
    assert stop(run, graceful=False, user="me", pause=never).status is Status.FAILED
    assert run.end is not None


def test_another_flavors_orchestrator_is_asked(
    opened: Callable[..., PipelineRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    from skylift_contract.discovery import load_flavor
    from skylift.local.orchestrator import LocalOrchestrator

    asked: list[tuple[str, bool]] = []
    monkeypatch.setattr(stopping, "load_flavor", lambda _: load_flavor("local"))
    monkeypatch.setattr(
        LocalOrchestrator, "stop_run", lambda _, run, graceful: asked.append((str(run.id), graceful))
    )
    run = opened(flavor="elsewhere")
    stop(run, graceful=True, user="me", pause=never)
    assert asked == [(str(run.id), True)]
    assert run.ledger.stop_request(str(run.id)) is not None


def test_a_flavor_that_is_not_installed_says_what_to_install(opened: Callable[..., PipelineRun]) -> None:
    with pytest.raises(FlavorNotFound, match=r"flavor 'sagemaker': it is not installed\."):
        stop(opened(flavor="sagemaker"), graceful=False, user="me", pause=never)
