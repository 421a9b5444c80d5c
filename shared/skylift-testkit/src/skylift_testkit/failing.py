"""What a failure does to the rest of its run, in each mode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from skylift.store.location import open_store
from skylift_contract.capability import Capability, Level
from skylift_contract.enums import ExecutionMode, ExecutionStatus
from skylift_testkit import modes, signals
from skylift_testkit.refusals import refuse
from skylift_testkit.running import RunningSuite
from skylift_testkit.suite import about

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift.models import PipelineRun
    from skylift_contract.capability import Support

NEVER = {ExecutionStatus.SKIPPED, ExecutionStatus.NOT_STARTED}


class ExecutionModeSuite(RunningSuite):
    needs = (Capability.FAIL_FAST, Capability.STOP_ON_FAILURE, Capability.CONTINUE_ON_FAILURE)

    @pytest.fixture
    def runs_side_by_side(self, capabilities: Mapping[Capability, Support]) -> bool:
        """Whether two steps run at once; override it where the options decide."""
        return capabilities[Capability.PARALLEL_STEPS].level is Level.FULL

    @pytest.fixture
    def together(self, runs_side_by_side: bool) -> None:  # noqa: FBT001 -- pytest gives it
        if not runs_side_by_side:
            refuse("it runs one step after another here, so that nothing runs while one fails")

    @about(Capability.CONTINUE_ON_FAILURE)
    def test_continuing_runs_whatever_does_not_need_what_failed(self, run: Any, store_uri: str) -> None:
        made = _run(run, ExecutionMode.CONTINUE_ON_FAILURE)
        assert _statuses(made) == {
            "fails": ExecutionStatus.FAILED,
            "bystander": ExecutionStatus.COMPLETED,
            "after_failure": ExecutionStatus.SKIPPED,
            "after_bystander": ExecutionStatus.COMPLETED,
        }
        assert signals.journal(open_store(store_uri)) == ["after the bystander"]

    @about(Capability.STOP_ON_FAILURE)
    def test_stopping_starts_nothing_after_a_failure(self, run: Any, store_uri: str) -> None:
        made = _run(run, ExecutionMode.STOP_ON_FAILURE)
        assert _statuses(made)["bystander"] in {ExecutionStatus.COMPLETED, *NEVER}
        self._nothing_followed(made, store_uri)

    @about(Capability.STOP_ON_FAILURE)
    def test_stopping_lets_what_runs_finish(self, run: Any, together: None, store_uri: str) -> None:  # noqa: ARG002 -- it refuses
        made = _run(run, ExecutionMode.STOP_ON_FAILURE, together=True)
        assert _statuses(made)["bystander"] is ExecutionStatus.COMPLETED
        self._nothing_followed(made, store_uri)

    @about(Capability.FAIL_FAST)
    def test_failing_fast_starts_nothing_after_a_failure(self, run: Any, store_uri: str) -> None:
        self._nothing_followed(_run(run, ExecutionMode.FAIL_FAST), store_uri)

    @about(Capability.FAIL_FAST)
    def test_failing_fast_stops_what_runs(
        self,
        run: Any,
        together: None,  # noqa: ARG002 -- it refuses
        capabilities: Mapping[Capability, Support],
        store_uri: str,
    ) -> None:
        """An emulation may let it finish, and says so."""
        is_full = capabilities[Capability.FAIL_FAST].level is Level.FULL
        made = _run(run, ExecutionMode.FAIL_FAST, together=True, lasts=is_full)
        ended = ExecutionStatus.STOPPED if is_full else ExecutionStatus.COMPLETED
        assert _statuses(made)["bystander"] is ended
        self._nothing_followed(made, store_uri)

    def _nothing_followed(self, made: PipelineRun, store_uri: str) -> None:
        found = _statuses(made)
        assert made.status is ExecutionStatus.FAILED
        assert found["fails"] is ExecutionStatus.FAILED
        assert found["after_failure"] in NEVER
        # Begun in the moment in which the failure became known, it was stopped: it did nothing all the same.
        assert found["after_bystander"] in {*NEVER, ExecutionStatus.STOPPED}
        assert signals.journal(open_store(store_uri)) == []


def _run(run: Any, mode: ExecutionMode, **parameters: bool) -> PipelineRun:
    return run(modes.failing_beside.with_options(execution_mode=mode), **parameters)


def _statuses(made: PipelineRun) -> dict[str, ExecutionStatus]:
    return {name: step.status for name, step in made.steps.items()}
