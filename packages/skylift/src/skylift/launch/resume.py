"""Resuming a run: a new one of the same, which does only what the first has not committed."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from skylift.authoring.options import PipelineOptions
from skylift.authoring.parameters import from_json
from skylift.authoring.signature import resolve_hints
from skylift.compiler.runtime import runtime_of
from skylift.launch.ended import ended, has_nothing_left
from skylift.launch.plan import Plan, check_settings, checked, plan, target_of
from skylift.launch.recorded import check_code, code_of
from skylift.launch.resumed import anew, onto, resumed_snapshot
from skylift.launch.schedules import name_of
from skylift.launch.stacks import resolve_stack
from skylift.launch.submit import carried_out
from skylift.launch.travel import check_travels
from skylift.ledger.records import UNREADABLE
from skylift.models import PipelineRun
from skylift.project import project_of
from skylift.stacks.build import orchestrator_named, store_at
from skylift_contract.errors import ConfigurationError
from skylift_contract.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from skylift.authoring.pipelines import PipelineFunction
    from skylift.ledger.records import Request
    from skylift.observer import Observer
    from skylift_contract.capability import Capability


@dataclass(frozen=True, slots=True)
class Where:
    """On what a run is resumed, where not on what it ran on; `degraded`: refusals that become notes."""

    stack: Any = None
    orchestrator: Any = None
    degraded: Collection[Capability] = ()


def resume(
    run: PipelineRun,
    pipeline: PipelineFunction | None,
    parameters: Mapping[str, Any],
    where: Where,
    observer: Observer | None = None,
) -> PipelineRun:
    """Do what is left of a run, and wait for it; a run that completed, resumed as it was, is returned itself.

    Raises `ConfigurationError` for one that has not ended, or for parameters without a pipeline,
    and `RunFailed` or `RunStopped` unless the new run completes.
    """
    if parameters and pipeline is None:
        raise ConfigurationError(
            "the source that it was made of goes with its own parameters",
            who=f"run {run.id}",
            value=", ".join(parameters),
            fix="Give the pipeline, too: run.resume(pipeline, parameters=…)",
        )
    from skylift.console import default_observer

    observer = observer or default_observer()
    status = ended(run, observer)
    if pipeline is None and has_nothing_left(run, status, observer):
        return run
    planned = plan_mended(run, pipeline, parameters, where) if pipeline else plan_recorded(run, where)
    with code_of(planned, run.ledger):
        made = carried_out(planned, observer)
    assert isinstance(made, PipelineRun)
    return made


def plan_recorded(run: PipelineRun, where: Where) -> Plan:
    """What is left of a run that has ended, of the source it was made of; nothing is made yet."""
    request = request_of(run)
    snapshot = resumed_snapshot(run.ledger, run)
    options = PipelineOptions(**_place(run, request, where))
    stack = resolve_stack(options, _store(run, options.stack))
    target = target_of(stack.orchestrator, where.degraded, is_dynamic=snapshot.is_dynamic)
    snapshot = snapshot.model_copy(update={"runtime": runtime_of(target)})
    check_settings(snapshot)
    check_travels(snapshot, stack.orchestrator)
    check_code(run, snapshot)
    notes = tuple(anew(run.ledger, run, snapshot))
    git = (request.git_commit, request.git_dirty) if request else (None, None)
    return checked(Plan(snapshot, stack, None, notes, str(run.id), git), where.degraded)


def plan_mended(
    run: PipelineRun, pipeline: PipelineFunction, parameters: Mapping[str, Any], where: Where
) -> Plan:
    """The same pipeline as it is today, bound to what a run that has ended made and is the same still.

    `parameters`: in place of the run's own.
    """
    with project_of(pipeline.file):
        return _planned(run, pipeline, parameters, where)


def _planned(
    run: PipelineRun, pipeline: PipelineFunction, parameters: Mapping[str, Any], where: Where
) -> Plan:
    check_same(run, pipeline)
    own = recorded_parameters(run, pipeline, parameters)
    place = {
        option: found
        for option, found in _place(run, request_of(run), where).items()
        if not _is_named(getattr(pipeline.options, option), found)
    }
    asked = pipeline.with_options(schedule=None, **place)
    arguments = asked.bind((), {**own, **parameters})
    planned = plan(asked, arguments, where.degraded, _store(run, asked.options.stack))
    snapshot, changed = onto(run.ledger, run, planned.snapshot)
    notes = (*planned.notes, *anew(run.ledger, run, snapshot, changed))
    return replace(planned, snapshot=snapshot, notes=notes, resumes=str(run.id))


def recorded_parameters(run: PipelineRun, pipeline: PipelineFunction, but: Collection[str]) -> dict[str, Any]:
    """What a run was called with, as a pipeline takes it; `but`: those that are given anew.

    A parameter that the pipeline has no more is left out. Raises `AuthoringError` for a value
    that does not fit its annotation any more.
    """
    from inspect import signature

    wanted = signature(pipeline.entrypoint).parameters
    hints = resolve_hints(pipeline.entrypoint, pipeline.who)
    return {
        name: from_json(value, hints.get(name, Any), f"{pipeline.who}, parameter {name!r} of run {run.id}")
        for name, value in run.snapshot_of.pipeline_configuration.parameters.items()
        if name in wanted and name not in but
    }


def check_same(run: PipelineRun, pipeline: PipelineFunction) -> None:
    """Raise `ConfigurationError` for a pipeline that is not the run's."""
    if pipeline.name != run.pipeline:
        raise ConfigurationError(
            f"it is of pipeline {run.pipeline!r}, and cannot be resumed as another",
            who=f"run {run.id}",
            value=pipeline.name,
            fix=f"Run that by itself: skylift run FILE.py:{pipeline.name}",
        )


def request_of(run: PipelineRun) -> Request | None:
    """Who asked for a run, and on what; of a firing, for its schedule. None where no record says it."""
    with suppress(*UNREADABLE):
        submission = run.submission_id or _deployed_by(run)
        return run.ledger.request(submission) if submission else None
    return None


def _deployed_by(run: PipelineRun) -> str | None:
    snapshot = run.snapshot_of
    if snapshot.schedule is None:
        return None
    revisions = run.ledger.schedule_revisions(name_of(snapshot))
    found = (record.submission_id for record in revisions if record.schedule.snapshot == run.snapshot)
    return next(found, None)


def _place(run: PipelineRun, request: Request | None, where: Where) -> dict[str, Any]:
    """The stack and the orchestrator: those that are asked for, else those that the run was made on."""
    if where.stack is not None:
        orchestrator = {} if where.orchestrator is None else {"orchestrator": where.orchestrator}
        return {"stack": where.stack, **orchestrator}
    stack = {"stack": request.stack} if request else {}
    name = request.orchestrator if request else run.flavor
    return {**stack, "orchestrator": where.orchestrator or orchestrator_named(name, run.flavor)}


def _is_named(own: object, found: object) -> bool:
    """Whether a pipeline has the very component as an object, with options that no name stands for."""
    name = getattr(own, "name", None)
    return name is not None and name == getattr(found, "name", found)


def _store(run: PipelineRun, stack: object) -> str | None:
    """The store that the run is in, in place of the stack's; None where that is it, with its options."""
    uri = run.ledger.store.uri
    return None if isinstance(stack, Stack) and stack.artifact_store.uri == uri else store_at(uri)
