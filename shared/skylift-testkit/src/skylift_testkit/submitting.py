"""A submission is one run, whatever becomes of its answer; and its end is told as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from skylift.client import Client
from skylift_contract.capability import Capability
from skylift_contract.errors import (
    AuthenticationError,
    BackendError,
    PermissionDenied,
    QuotaExceeded,
    RunFailed,
    Transient,
)
from skylift_testkit import pipelines, shapes, signals
from skylift_testkit.apart import HASTY
from skylift_testkit.backend import Backend, Fault
from skylift_testkit.handing import Handed, check_asks
from skylift_testkit.running import RunningSuite
from skylift_testkit.suite import about

if TYPE_CHECKING:
    from skylift.store.objects import ObjectStore
    from skylift_contract.orchestrator import BaseOrchestrator
    from skylift_testkit.running import Started

ANSWERS = {
    Fault.QUOTA: QuotaExceeded,
    Fault.CREDENTIALS: AuthenticationError,
    Fault.PERMISSION: PermissionDenied,
    Fault.UNAVAILABLE: Transient,
}


class SubmitSuite(RunningSuite):
    needs = (Capability.STATIC_PIPELINES,)

    @about(Capability.STATIC_PIPELINES)
    def test_a_submission_that_is_repeated_is_one_execution(
        self, orchestrator: BaseOrchestrator, backend: Backend
    ) -> None:
        """Its answer may be lost on the way; whoever asks again has the same run."""
        handed = Handed(orchestrator, shapes.chain)
        assert handed.finish() == handed.finish()
        assert len(backend.executions()) == 1
        assert len(list(Client().runs())) == 1

    @about(Capability.STATIC_PIPELINES)
    def test_two_submissions_are_two_executions(
        self, orchestrator: BaseOrchestrator, backend: Backend
    ) -> None:
        assert Handed(orchestrator, shapes.single).finish() != Handed(orchestrator, shapes.single).finish()
        assert len(backend.executions()) == 2

    @about(Capability.STATIC_PIPELINES)
    def test_runs_leave_nothing_more_behind_than_the_first(self, run: Any, backend: Backend) -> None:
        """What a backend keeps of a pipeline is used again, not made anew for each run."""
        run(shapes.single)
        kept = sorted(backend.kept())
        run(shapes.single)
        assert sorted(backend.kept()) == kept

    @about(Capability.STATIC_PIPELINES)
    def test_a_failed_run_is_an_error_to_whoever_waits(self, orchestrator: BaseOrchestrator) -> None:
        asked = pipelines.failing.with_options(orchestrator=orchestrator, enable_cache=False)
        with pytest.raises(RunFailed, match="ValueError: conformance 1"):
            asked()

    @about(Capability.STATIC_PIPELINES)
    def test_a_wait_has_no_cap(
        self, orchestrator: BaseOrchestrator, start: Started, store: ObjectStore
    ) -> None:
        """It is made in a process whose clocks run an hour with each look at them."""
        check_asks(orchestrator)
        process = start("waiting", HASTY)
        signals.wait_for(store, "arrived", process)
        signals.say(store, "go-on")
        assert process.wait(signals.PATIENCE_S) == 0

    @about(Capability.STATIC_PIPELINES)
    @pytest.mark.parametrize("fault", ANSWERS)
    def test_a_refusal_is_the_contracts_error(
        self, fault: Fault, orchestrator: BaseOrchestrator, backend: Backend
    ) -> None:
        check_asks(orchestrator)
        handed = Handed(orchestrator, shapes.single)
        backend.inject(fault)
        with pytest.raises(BackendError) as caught:
            handed.submit()
        assert type(caught.value) is ANSWERS[fault]
        assert caught.value.operation
        assert list(backend.executions()) == []
