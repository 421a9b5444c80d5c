"""Stopping what is not a run of this machine's, or does not let itself be stopped."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from skylift_tests_support.backends import Here, Processes

from skylift import backends, pipeline, step
from skylift.launch.plan import plan
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import RunRecord, Writer
from skylift.local.orchestrator import LocalOrchestrator
from skylift.models import PipelineRun
from skylift.stacks.build import orchestrator_named
from skylift.stopping import HOLDS, stop, why_steps_finish
from skylift.store.location import open_store
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import ConfigurationError, FlavorNotFound, PermissionDenied, SkyliftError
from skylift_contract.run_id import run_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from skylift_contract import run as contract
    from skylift_contract.orchestrator import BaseOrchestrator


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

    def make(flavor: str = "local", *, is_signalled: bool = True, **writer: Any) -> PipelineRun:
        record = RunRecord(
            run_id=str(run_id(flavor, "7")),
            orchestrator_run_id="7",
            project="default",
            pipeline="short",
            snapshot=snapshot.digest,
            flavor=flavor,
            is_signalled=is_signalled,
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

    monkeypatch.setattr(os, "kill", refuse)
    with pytest.raises(
        ConfigurationError, match=r"its process belongs to another user .* Ask them, or stop it"
    ) as refused:
        stop(run, graceful=False, user="me", pause=never)
    assert refused.value.__notes__ == [HOLDS]
    assert run.ledger.stop_request(str(run.id)) is not None


def test_a_process_that_does_not_end_is_named(
    opened: Callable[..., PipelineRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, sent = opened(), list[tuple[int, int]]()
    clock = iter(range(0, 1000, 10))

    def kill(pid: int, number: int) -> None:
        sent.append((pid, number))

    monkeypatch.setattr(os, "kill", kill)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    with pytest.raises(SkyliftError) as raised:
        stop(run, graceful=False, user="me", pause=lambda _: None)

    assert run.record is not None
    pid = run.record.writer.pid
    assert sent == [(pid, signal.SIGTERM)]
    assert str(raised.value) == (
        f"run {run.id}, process {pid}: it was asked to stop 30 s ago, and its code does not let itself be "
        f"interrupted. kill -9 {pid} ends it; whoever looks at the run next records that."
    )


def test_a_pid_that_is_anothers_by_now_gets_no_signal(
    opened: Callable[..., PipelineRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: Any) -> None:
        raise AssertionError("a stranger was killed")

    monkeypatch.setattr(os, "kill", kill)
    run = opened(process_start="0")
    assert stop(run, graceful=False, user="me", pause=never).status is Status.FAILED
    assert run.end is not None


def test_another_flavors_orchestrator_is_asked(
    opened: Callable[..., PipelineRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, bool]] = []

    def local_instead(name: str, flavor: str) -> BaseOrchestrator:
        assert (name, flavor) == ("elsewhere", "elsewhere")
        return orchestrator_named("local")

    def stop_run(_: object, run: PipelineRun, graceful: bool) -> None:
        asked.append((str(run.id), graceful))

    monkeypatch.setattr(backends, "orchestrator_named", local_instead)
    monkeypatch.setattr(LocalOrchestrator, "stop_run", stop_run)
    run = opened(flavor="elsewhere")
    stop(run, graceful=True, user="me", pause=never)
    assert asked == [(str(run.id), True)]
    assert run.ledger.stop_request(str(run.id)) is not None


def test_where_a_flavor_cannot_stop_the_request_stays_and_that_is_said(
    opened: Callable[..., PipelineRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    def named(_: str, flavor: str) -> BaseOrchestrator:
        return Processes(Here(), name="mine", flavor=flavor)

    monkeypatch.setattr(backends, "orchestrator_named", named)
    run = opened(flavor="elsewhere")
    stop(run, graceful=False, user="me", pause=never)
    assert run.ledger.stop_request(str(run.id)) is not None
    assert why_steps_finish(run) == "Processes does not override stop_run"


def test_a_flavor_that_is_not_installed_is_named(opened: Callable[..., PipelineRun]) -> None:
    with pytest.raises(FlavorNotFound, match="flavor 'azureml': its package, skylift-azureml, is") as raised:
        stop(opened(flavor="azureml"), graceful=False, user="me", pause=never)
    assert raised.value.__notes__ == [HOLDS]


@pytest.mark.parametrize("error", [PermissionDenied("no", operation="StopIt"), OSError("no route to host")])
def test_a_backend_that_refuses_leaves_the_request_and_that_is_said(
    opened: Callable[..., PipelineRun], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Whatever a plugin's code raises: what the store holds is found by the steps themselves."""

    class Refusing(Processes):
        def stop_run(self, run: contract.PipelineRun, graceful: bool = False) -> None:
            raise error

    def named(_: str, flavor: str) -> BaseOrchestrator:
        return Refusing(Here(), name="mine", flavor=flavor)

    monkeypatch.setattr(backends, "orchestrator_named", named)
    run = opened(flavor="elsewhere")
    with pytest.raises(SkyliftError) as refused:
        stop(run, graceful=False, user="me", pause=never)
    (said,) = refused.value.__notes__
    assert said == (
        "the request to stop is in the run's store, and holds all the same: steps that have not begun will "
        "not begin, and what runs now goes on until it ends or is stopped"
    )
    assert run.ledger.stop_request(str(run.id)) is not None


def test_a_program_that_does_more_gets_no_signal(
    opened: Callable[..., PipelineRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run in a thread of a server: the request is left where the run looks, and nobody is killed."""

    def kill(*_: Any) -> None:
        raise AssertionError("a stranger was killed")

    monkeypatch.setattr(os, "kill", kill)
    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))
    run = opened(is_signalled=False)
    with pytest.raises(SkyliftError) as raised:
        stop(run, graceful=False, user="me", pause=lambda _: None)

    assert run.ledger.stop_request(str(run.id)) is not None
    assert str(raised.value) == (
        f"run {run.id}, process {os.getpid()}: it was asked to stop 30 s ago, and its step runs in a thread of "
        "a program that does more, where nothing can interrupt it. It stops when that step ends; "
        f"see: skylift runs watch {run.id}"
    )


def test_only_a_run_of_the_main_thread_is_signalled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKYLIFT_STORE_URI", f"memory://{uuid4().hex}")
    made = [short()]
    thread = threading.Thread(target=lambda: made.append(short()))
    thread.start()
    thread.join()
    records = [run.record for run in made if isinstance(run, PipelineRun)]
    assert [record and record.is_signalled for record in records] == [True, False]
