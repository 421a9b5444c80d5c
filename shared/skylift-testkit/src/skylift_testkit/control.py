"""A run that is under way: seen, heard and stopped by a process that did not start it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from skylift import ExecutionStatus
from skylift.client import Client
from skylift.stopping import stop
from skylift_contract.capability import Capability
from skylift_testkit import signals
from skylift_testkit.running import RunningSuite
from skylift_testkit.suite import about

if TYPE_CHECKING:
    import subprocess

    from skylift.models import PipelineRun
    from skylift.store.objects import ObjectStore
    from skylift_testkit.running import Started


class ControlSuite(RunningSuite):
    needs = (Capability.RUN_STATUS, Capability.STEP_STATUS, Capability.STOP, Capability.LOGS)

    @pytest.fixture
    def under_way(self, start: Started, store: ObjectStore) -> tuple[subprocess.Popen[bytes], PipelineRun]:
        """A run whose second step runs, and waits to be told to go on; and the process that started it."""
        process = start("waiting")
        signals.wait_for(store, "arrived", process)
        return process, Client().run("last")

    @about(Capability.RUN_STATUS, Capability.STEP_STATUS)
    def test_it_is_seen_from_elsewhere(self, under_way: Any, store: ObjectStore) -> None:
        process, run = under_way
        status = run.fetch()
        assert status.status is ExecutionStatus.RUNNING
        assert {name: step.status for name, step in status.steps.items()} == {
            "first": ExecutionStatus.COMPLETED,
            "waits": ExecutionStatus.RUNNING,
            "last": ExecutionStatus.PENDING,
        }
        signals.say(store, "go-on")
        assert process.wait(signals.PATIENCE_S) == 0
        assert run.fetch().status is ExecutionStatus.COMPLETED

    @about(Capability.LOGS)
    def test_what_a_step_prints_is_kept(self, under_way: Any, store: ObjectStore) -> None:
        process, run = under_way
        signals.say(store, "go-on")
        process.wait(signals.PATIENCE_S)
        assert "conformance: it arrived\n" in "".join(run.steps["waits"].logs())

    @about(Capability.STOP)
    def test_it_is_stopped_from_elsewhere(self, under_way: Any) -> None:
        """What had finished stays as it was, what ran is stopped, and nothing begins any more."""
        process, run = under_way
        stop(run, graceful=False, user="somebody else")
        status = signals.ended(run)
        process.wait(signals.PATIENCE_S)
        assert status.status is ExecutionStatus.STOPPED
        assert status.steps["first"].status is ExecutionStatus.COMPLETED
        assert run.steps["first"].outputs["value"].load() == 1
        assert status.steps["waits"].status is ExecutionStatus.STOPPED
        assert status.steps["last"].status in {ExecutionStatus.SKIPPED, ExecutionStatus.NOT_STARTED}

    @about(Capability.STOP_GRACEFUL)
    def test_a_stop_that_is_graceful_lets_steps_finish(self, start: Started, store: ObjectStore) -> None:
        process = start("lingering")
        signals.wait_for(store, "arrived", process)
        run = Client().run("last")

        def go_on(seconds: float = 0) -> None:
            """Some flavors wait in `stop` until the step has ended, others never."""
            signals.say(store, "go-on")
            time.sleep(seconds)

        stop(run, graceful=True, user="somebody else", pause=go_on)
        go_on()
        status = signals.ended(run)
        process.wait(signals.PATIENCE_S)
        assert status.status is ExecutionStatus.STOPPED
        assert status.steps["lingers"].status is ExecutionStatus.COMPLETED
        assert status.steps["last"].status in {ExecutionStatus.SKIPPED, ExecutionStatus.NOT_STARTED}

    @about(Capability.RUN_STATUS)
    def test_a_run_whose_client_was_killed_is_told_as_it_is(self, under_way: Any, store: ObjectStore) -> None:
        """Where the client makes the run it died, or its step saw that and stopped; elsewhere it goes on."""
        process, run = under_way
        process.kill()
        process.wait()
        signals.say(store, "go-on")
        status = signals.ended(run)
        assert status.status.is_finished
        if status.status not in {ExecutionStatus.COMPLETED, ExecutionStatus.STOPPED}:
            assert "died" in status.reason
