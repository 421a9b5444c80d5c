"""Submitting a pipeline: compile, check, record, store, hand over.

Nothing is made anywhere before every check has passed. The submission's record comes
before the first call to a backend, so that a submit whose answer is lost can be found.
"""

from __future__ import annotations

import inspect
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skylift import project
from skylift.compiler.code import SourceTree, source_tree
from skylift.compiler.compile import Target, compile_snapshot
from skylift.launch.events import Observer
from skylift.launch.provenance import git_state, user
from skylift.launch.stacks import resolve_stack
from skylift.ledger import keys
from skylift.ledger.ledger import Ledger
from skylift.ledger.records import Request, RunRecord
from skylift.models import PipelineRun, open_run
from skylift.store.location import open_store
from skylift_contract.check import check
from skylift_contract.environment import STORE_ENV, SUBMISSION_ENV
from skylift_contract.errors import FlavorNotFound, LimitExceeded, RunFailed, RunStopped
from skylift_contract.enums import ExecutionStatus
from skylift_contract.flavor import infer
from skylift_contract.run import PipelineRun as RunReference
from skylift_contract.run_id import run_id
from skylift_contract.snapshot import OrchestratorSource

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from skylift.authoring.pipelines import PipelineFunction
    from skylift_contract.capability import Capability, Support
    from skylift_contract.orchestrator import BaseOrchestrator, SubmissionResult
    from skylift_contract.snapshot import PipelineSnapshot
    from skylift_contract.stack import Stack


@dataclass(frozen=True, slots=True)
class Plan:
    """A pipeline, compiled and checked against its stack; nothing has been made yet."""

    snapshot: PipelineSnapshot
    stack: Stack
    source: SourceTree | None
    notes: tuple[str, ...] = ()

    @property
    def pipeline(self) -> str:
        return self.snapshot.name


def plan(
    pipeline: PipelineFunction, arguments: Mapping[str, Any], degraded: Collection[Capability] = ()
) -> Plan:
    """Compile and check; raises everything that can be known to be wrong beforehand."""
    stack = resolve_stack(pipeline.options)
    orchestrator = stack.orchestrator
    source, notes = _source(pipeline, is_needed=orchestrator.config.is_remote)
    snapshot = compile_snapshot(
        pipeline, arguments, target_of(orchestrator), source.archive() if source else None
    )
    notes += check(snapshot, orchestrator.flavor, capabilities(orchestrator), degraded)
    return Plan(snapshot, stack, source, notes)


def target_of(orchestrator: BaseOrchestrator) -> Target:
    """What a snapshot holds of the orchestrator it is made for."""
    return Target(
        project=project.project_name(),
        flavor=orchestrator.flavor,
        run_id_sources=orchestrator.run_id_sources,
        orchestrator=None if orchestrator.run_id_sources else orchestrator_source(orchestrator),
        retries="backend" if orchestrator.config.handles_step_retries else "runtime",
    )


def orchestrator_source(orchestrator: BaseOrchestrator) -> OrchestratorSource:
    from pydantic import SecretStr

    config = orchestrator.config
    secret = {name for name in type(config).model_fields if isinstance(getattr(config, name), SecretStr)}
    return OrchestratorSource(
        implementation=_class_source(type(orchestrator)),
        config_class=_class_source(type(config)),
        config=config.model_dump(mode="json", exclude=secret),
    )


def _class_source(kind: type) -> str:
    from skylift.compiler.sources import source_of

    return source_of(kind, f"class {kind.__qualname__}")


def capabilities(orchestrator: BaseOrchestrator) -> Mapping[Capability, Support]:
    """The flavor's own declaration; of an orchestrator without a flavor, what it overrides."""
    from skylift_contract.discovery import load_flavor
    from skylift_contract.flavor import capabilities_of

    try:
        return capabilities_of(load_flavor(orchestrator.flavor), orchestrator.config)
    except FlavorNotFound:
        return infer(type(orchestrator), orchestrator.config)


def _source(pipeline: PipelineFunction, *, is_needed: bool) -> tuple[SourceTree | None, tuple[str, ...]]:
    """The user's source; where no other machine needs it, one too large is left out, and said."""
    file = inspect.getsourcefile(pipeline.entrypoint)
    if file is None or not Path(file).is_file():
        return None, ()
    try:
        return source_tree(Path(file)), ()
    except LimitExceeded as error:
        if is_needed:
            raise
        return None, (f"the source is not kept with the run: {error.what}",)


def run_and_wait(
    pipeline: PipelineFunction, arguments: Mapping[str, Any], observer: Observer | None = None
) -> PipelineRun:
    """Submit and wait; raises `RunFailed` or `RunStopped` unless the run completed."""
    from skylift.console import default_observer

    observer = observer or default_observer()
    planned = plan(pipeline, arguments)
    run = submit(planned, observer)
    status = run.status
    if status is ExecutionStatus.STOPPED:
        raise RunStopped("it was stopped", who=f"run {run.id}")
    if status is not ExecutionStatus.COMPLETED:
        raise RunFailed(str(run.id), run.reason)
    return run


def submit(planned: Plan, observer: Observer) -> PipelineRun:
    """Make the records, hand the snapshot to its orchestrator, and wait where it says how."""
    ledger = Ledger(open_store(planned.stack.artifact_store.uri, planned.stack.artifact_store.options))
    submission_id = str(uuid.uuid4())
    observer.submitting(planned.snapshot, planned.stack.orchestrator.flavor, ledger.store.uri)
    for note in planned.notes:
        observer.note(note)
    _store(planned, ledger, submission_id)
    result = _hand_over(planned, submission_id, observer)
    reference = _reference(planned, submission_id)
    if result is not None and result.orchestrator_run_id:
        record = _open(planned, ledger, submission_id, result.orchestrator_run_id)
        observer.started(record.run_id)
    if result is not None and result.wait_for_completion:
        result.wait_for_completion()
    run = open_run(ledger, reference)
    observer.ended(run.status, run.reason)
    return run


def _store(planned: Plan, ledger: Ledger, submission_id: str) -> None:
    """Request, code and snapshot: all that a step needs is there before one can start."""
    if planned.source is not None and planned.snapshot.code is not None:
        key = keys.code(planned.snapshot.code.digest)
        if not ledger.store.exists(key):
            ledger.store.put_content(key, planned.source.to_zip())
    ledger.put_snapshot(planned.snapshot)
    commit, dirty = git_state(planned.source.root) if planned.source else (None, None)
    ledger.submit(
        Request(
            submission_id=submission_id,
            project=planned.snapshot.project,
            pipeline=planned.pipeline,
            snapshot=planned.snapshot.digest,
            flavor=planned.stack.orchestrator.flavor,
            stack=planned.stack.name,
            orchestrator=planned.stack.orchestrator.name,
            user=user(),
            git_commit=commit,
            git_dirty=dirty,
            tags=planned.snapshot.pipeline_configuration.tags,
            notes=planned.notes,
        )
    )


def _hand_over(planned: Plan, submission_id: str, observer: Observer) -> SubmissionResult | None:
    from skylift.launch.observing import observed

    snapshot, stack = planned.snapshot, planned.stack
    base = {STORE_ENV: stack.artifact_store.uri, SUBMISSION_ENV: submission_id}
    environments = {
        name: {**base, **step.config.environment} for name, step in snapshot.step_configurations.items()
    }
    placeholder = _reference(planned, submission_id)
    with observed(observer):
        if snapshot.is_dynamic:
            return stack.orchestrator.submit_dynamic_pipeline(snapshot, stack, base, placeholder)
        return stack.orchestrator.submit_pipeline(snapshot, stack, base, environments, placeholder)


def _reference(planned: Plan, submission_id: str) -> RunReference:
    return RunReference(
        pipeline=planned.pipeline,
        snapshot=planned.snapshot.digest,
        flavor=planned.snapshot.runtime.flavor,
        submission_id=submission_id,
    )


def _open(planned: Plan, ledger: Ledger, submission_id: str, orchestrator_run_id: str) -> RunRecord:
    """Write the run's record from here; a step that was faster has done it already."""
    flavor = planned.snapshot.runtime.flavor
    return ledger.open_run(
        RunRecord(
            run_id=str(run_id(flavor, orchestrator_run_id)),
            orchestrator_run_id=orchestrator_run_id,
            project=planned.snapshot.project,
            pipeline=planned.pipeline,
            snapshot=planned.snapshot.digest,
            flavor=flavor,
            submission_id=submission_id,
        )
    )
