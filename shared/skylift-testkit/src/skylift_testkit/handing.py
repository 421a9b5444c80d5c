"""Hands a pipeline to an orchestrator as launching does, as often as a test wants."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from skylift.launch.environments import base_environment, step_environments
from skylift.launch.plan import plan
from skylift.launch.provenance import user
from skylift.ledger import keys
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import Request
from skylift.store.location import open_store
from skylift_contract.run import PipelineRun
from skylift_testkit.refusals import refuse

if TYPE_CHECKING:
    from skylift.authoring.pipelines import PipelineFunction
    from skylift_contract.orchestrator import BaseOrchestrator, SubmissionResult


def check_asks(orchestrator: BaseOrchestrator) -> None:
    """Refused where whoever submits is the backend: there is nobody to ask, and no answer to lose."""
    if orchestrator.config.is_synchronous:
        refuse(f"{type(orchestrator).__name__} asks no backend: it runs the steps itself")


class Handed:
    """A submission: all that its steps need is stored, and `submit` is the call to the orchestrator."""

    def __init__(self, orchestrator: BaseOrchestrator, pipeline: PipelineFunction, **parameters: Any) -> None:
        asked = pipeline.with_options(orchestrator=orchestrator, enable_cache=False)
        self.plan, self.id = plan(asked, asked.bind((), parameters)), str(uuid.uuid4())
        store = self.plan.stack.artifact_store
        self.ledger = Ledger(open_store(store.uri, store.options))
        self._store()

    @property
    def reference(self) -> PipelineRun:
        snapshot = self.plan.snapshot
        return PipelineRun(
            pipeline=snapshot.name,
            snapshot=snapshot.digest,
            flavor=snapshot.runtime.flavor,
            submission_id=self.id,
        )

    def submit(self) -> SubmissionResult | None:
        """Raises what the orchestrator raises."""
        snapshot, stack = self.plan.snapshot, self.plan.stack
        base = base_environment(self.plan, self.id)
        steps = step_environments(snapshot, base)
        return stack.orchestrator.submit_pipeline(snapshot, stack, base, steps, self.reference)

    def finish(self) -> str:
        """Submit, and wait for it; the orchestrator run ID."""
        result = self.submit()
        assert result is not None
        if result.wait_for_completion is not None:
            result.wait_for_completion()
        return result.orchestrator_run_id or ""

    def _store(self) -> None:
        source, snapshot = self.plan.source, self.plan.snapshot
        if source is not None and snapshot.code is not None:
            self.ledger.store.put_content(keys.code(snapshot.code.digest), source.to_zip())
        self.ledger.put_snapshot(snapshot)
        self.ledger.submit(
            Request(
                submission_id=self.id,
                project=snapshot.project,
                pipeline=snapshot.name,
                snapshot=snapshot.digest,
                flavor=snapshot.runtime.flavor,
                stack=self.plan.stack.name,
                orchestrator=self.plan.stack.orchestrator.name,
                user=user(),
            )
        )
