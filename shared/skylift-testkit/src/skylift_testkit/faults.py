"""What goes wrong between a client, a backend and its steps, and must not show in the run."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from skylift.client import Client
from skylift_contract.capability import Capability, Level
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import BackendError
from skylift_contract.orchestrator import overrides
from skylift_testkit import pipelines, shapes
from skylift_testkit.backend import Backend, Fault
from skylift_testkit.handing import Handed, check_asks
from skylift_testkit.running import RunningSuite
from skylift_testkit.suite import about

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_contract.capability import Support
    from skylift_contract.orchestrator import BaseOrchestrator


class FaultSuite(RunningSuite):
    is_optional = True
    needs = (Capability.STATIC_PIPELINES,)

    @about(Capability.STATIC_PIPELINES)
    def test_a_submit_whose_answer_is_lost_is_not_taken_twice(
        self, orchestrator: BaseOrchestrator, backend: Backend
    ) -> None:
        """Whether the orchestrator asks again by itself, or says so and its caller does."""
        check_asks(orchestrator)
        handed = Handed(orchestrator, pipelines.diamond)
        backend.inject(Fault.LOST_ANSWER)
        with suppress(BackendError):
            handed.submit()
        handed.finish()
        assert len(backend.executions()) == 1
        assert [run.status for run in Client().runs()] == [ExecutionStatus.COMPLETED]

    @about(Capability.STATIC_PIPELINES, Capability.FIND_RUN)
    def test_a_submission_is_found_by_its_id(
        self, orchestrator: BaseOrchestrator, capabilities: Mapping[Capability, Support]
    ) -> None:
        handed, other = Handed(orchestrator, shapes.single), Handed(orchestrator, shapes.chain)
        own = handed.finish()
        assert _found(capabilities, handed) == own
        assert _found(capabilities, other) is None

    @about(Capability.STATIC_PIPELINES, Capability.FIND_RUN)
    def test_a_submit_whose_answer_is_lost_is_found(
        self,
        orchestrator: BaseOrchestrator,
        backend: Backend,
        capabilities: Mapping[Capability, Support],
    ) -> None:
        check_asks(orchestrator)
        handed = Handed(orchestrator, shapes.single)
        backend.inject(Fault.LOST_ANSWER)
        with suppress(BackendError):
            handed.submit()
        assert [_found(capabilities, handed)] == list(backend.executions())

    @about(Capability.STATIC_PIPELINES)
    def test_a_step_that_is_started_twice_publishes_once(
        self, orchestrator: BaseOrchestrator, backend: Backend
    ) -> None:
        check_asks(orchestrator)
        backend.inject(Fault.STEP_TWICE)
        Handed(orchestrator, pipelines.diamond).finish()
        (run,) = Client().runs()
        assert run.status is ExecutionStatus.COMPLETED
        assert run.steps["total"].outputs["value"].load() == 12
        assert {step.status for step in run.steps.values()} == {ExecutionStatus.COMPLETED}


def _found(able: Mapping[Capability, Support], handed: Handed) -> str | None:
    """What the backend knows of a submission; where that is emulated, else what the ledger does."""
    orchestrator = handed.plan.stack.orchestrator
    asked = overrides(type(orchestrator), "find_run")
    if asked and (found := orchestrator.find_run(handed.id)):
        return found
    if able[Capability.FIND_RUN].level is Level.FULL:
        return None
    run = handed.ledger.run_of_submission(handed.id)
    record = handed.ledger.run(run) if run else None
    return record.orchestrator_run_id if record else None
