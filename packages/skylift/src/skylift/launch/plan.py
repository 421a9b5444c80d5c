"""What a submission will do: compiled and checked, and nothing made yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from skylift import project
from skylift.authoring.sources import source_of
from skylift.code import SourceTree, is_installed, source_tree
from skylift.compiler.compile import Target, compile_snapshot, foreseen
from skylift.compiler.configuration import OF_FLAVOR
from skylift.flavors import capabilities, flavor_of, known
from skylift.launch.environments import kept_here
from skylift.launch.leaks import refuse_leaks_of_plan, suspicions
from skylift.launch.secrets import check_secrets, check_set_here
from skylift.launch.stacks import chosen_by, resolve_stack
from skylift.launch.travel import check_travels, file_of_steps, runs_apart
from skylift.orchestrator_calls import calling
from skylift.source_digests import SourceDigests
from skylift.stacks.document import read_configuration
from skylift.store.location import folder_of
from skylift_contract import card
from skylift_contract.capability import Capability
from skylift_contract.check import UNDECLARED, check, emulations
from skylift_contract.discovery import PLUGIN_OF, near_flavor
from skylift_contract.errors import LimitExceeded, SkyliftError, UnknownName, UnsupportedCapability
from skylift_contract.refusals import REFUSALS, raise_all
from skylift_contract.snapshot import OrchestratorSource

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from skylift.authoring.pipelines import PipelineFunction
    from skylift_contract.capability import Support
    from skylift_contract.orchestrator import BaseOrchestrator, BaseOrchestratorConfig
    from skylift_contract.snapshot import PipelineSnapshot, Step
    from skylift_contract.stack import Stack

_KINDS_OF_SCHEDULE: Final = (
    Capability.SCHEDULE_CRON,
    Capability.SCHEDULE_INTERVAL,
    Capability.SCHEDULE_ONCE,
)

SAME_BUT_FOR_A_SLIP: Final = 0.8
"""How like another a flavor's name is that was misspelt: `locl` of `local` (0.89), not `local_k8s` (0.71)."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A pipeline, compiled and checked against its stack; `notes` are for people and the record.

    `resumes`: the id of the run whose results it takes on. `git`: commit and whether anything
    differed from it, of a source that is not at hand.
    """

    snapshot: PipelineSnapshot
    stack: Stack
    source: SourceTree | None
    notes: tuple[str, ...] = ()
    resumes: str | None = None
    git: tuple[str | None, bool | None] = (None, None)


def plan(
    pipeline: PipelineFunction,
    arguments: Mapping[str, Any],
    degraded: Collection[Capability] = (),
    store: str | None = None,
    refuses: Callable[[BaseOrchestrator], Iterable[SkyliftError]] = lambda _: (),
) -> Plan:
    """Compile and check; raises everything that can be known to be wrong beforehand.

    `degraded`: refusals that become notes. `store`: a URI, in place of the stack's store.
    `refuses`: why what is asked for cannot be done on an orchestrator, besides what that says.
    """
    with project.project_of(pipeline.file):
        return _planned(pipeline, arguments, degraded, store, refuses)


def _planned(
    pipeline: PipelineFunction,
    arguments: Mapping[str, Any],
    degraded: Collection[Capability],
    store: str | None,
    refuses: Callable[[BaseOrchestrator], Iterable[SkyliftError]],
) -> Plan:
    stack = resolve_stack(pipeline.options, store)
    orchestrator = stack.orchestrator
    able = capabilities(orchestrator)
    pipeline, unscheduled = _without_schedule(pipeline, able)
    uri, is_needed = stack.artifact_store.uri, runs_apart(orchestrator)
    source, left_out = _source(pipeline.file, uri, is_needed=is_needed)
    code = source.archive() if source else None
    target = target_of(orchestrator, degraded, is_dynamic=pipeline.options.dynamic)
    snapshot = compile_snapshot(pipeline, arguments, target, code, SourceDigests(source))
    whole = _with_foreseen(snapshot, pipeline, target)
    check_settings(whole)
    check_travels(whole, orchestrator)
    if pipeline.file is None:
        source, left_out = _source(file_of_steps(whole), uri, is_needed=is_needed)
        snapshot = snapshot.model_copy(update={"code": source.archive() if source else None})
    notes = (*chosen_by(pipeline.options), *unscheduled, *left_out)
    return checked(Plan(snapshot, stack, source, notes), degraded, whole.steps, refuses(orchestrator))


def checked(
    asked: Plan,
    degraded: Collection[Capability],
    callable_steps: tuple[Step, ...] = (),
    besides: Iterable[SkyliftError] = (),
) -> Plan:
    """The plan with what else is to be noted; raises what its stack refuses, or cannot do.

    `callable_steps`: those that a dynamic pipeline may call, which its snapshot does not hold.
    `besides`: further reasons against it.
    """
    snapshot, stack = asked.snapshot, asked.stack
    if snapshot.is_dynamic:
        snapshot = snapshot.model_copy(update={"steps": callable_steps})
    orchestrator, able = stack.orchestrator, capabilities(stack.orchestrator)
    refused = _suited(snapshot, stack, degraded, besides)
    check_secrets(snapshot)
    if not orchestrator.config.is_remote:
        check_set_here(snapshot)
    notes = (*asked.notes, *refused, *emulations(snapshot, able), *kept_here(stack), *suspicions(snapshot))
    made = replace(asked, notes=notes)
    refuse_leaks_of_plan(made)
    return made


def _suited(
    snapshot: PipelineSnapshot,
    stack: Stack,
    degraded: Collection[Capability],
    besides: Iterable[SkyliftError],
) -> tuple[str, ...]:
    """A note for each refusal that is accepted; raises all that the flavor has not, or refuses, at once."""
    orchestrator, notes, reasons = stack.orchestrator, (), [*besides]
    try:
        notes = check(snapshot, orchestrator.flavor, capabilities(orchestrator), degraded)
    except UnsupportedCapability as error:
        reasons.append(error)
    try:
        with calling(orchestrator, "validate", f"pipeline {snapshot.name!r}"):
            orchestrator.validate(stack, snapshot)
    except REFUSALS as error:
        reasons.append(error)
    except SkyliftError:
        if not reasons:  # else it was shown what it need not know
            raise
    raise_all(orchestrator.flavor, reasons)
    return notes


def _with_foreseen(
    snapshot: PipelineSnapshot, pipeline: PipelineFunction, target: Target
) -> PipelineSnapshot:
    """The snapshot with the steps that a dynamic pipeline may call, for the checks before anything starts."""
    if not snapshot.is_dynamic:
        return snapshot
    return snapshot.model_copy(update={"steps": foreseen(pipeline, target)})


def check_settings(snapshot: PipelineSnapshot) -> None:
    """Raise `UnknownName` for settings of a flavor whose name is a misspelling of another's.

    Settings of a flavor that is not installed are carried: one snapshot may hold several's.
    """
    installed = {snapshot.runtime.flavor, *(point.name for point in known())}
    for who, settings in _all_settings(snapshot):
        for name in (key.removeprefix(OF_FLAVOR) for key in settings if key.startswith(OF_FLAVOR)):
            if name in installed or name in PLUGIN_OF:
                continue
            if near := near_flavor(name, installed, likeness=SAME_BUT_FOR_A_SLIP):
                raise UnknownName("settings key", f"{OF_FLAVOR}{name}", [f"{OF_FLAVOR}{near}"], who=who)


def _all_settings(snapshot: PipelineSnapshot) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield f"pipeline {snapshot.name!r}", snapshot.pipeline_configuration.settings
    for name, step in snapshot.step_configurations.items():
        yield f"step {name!r}", step.config.settings


def can_schedule(able: Mapping[Capability, Support]) -> bool:
    return any(able.get(kind) for kind in _KINDS_OF_SCHEDULE)


def _without_schedule(
    pipeline: PipelineFunction, able: Mapping[Capability, Support]
) -> tuple[PipelineFunction, tuple[str, ...]]:
    """Where nothing can be scheduled at all, the pipeline runs once, and that is said."""
    if pipeline.options.schedule is None or can_schedule(able):
        return pipeline, ()
    why = able.get(Capability.SCHEDULE_CRON, UNDECLARED).describe()
    return pipeline.with_options(schedule=None), (f"the schedule is not deployed, and this runs once: {why}",)


def target_of(
    orchestrator: BaseOrchestrator, degraded: Collection[Capability] = (), *, is_dynamic: bool = False
) -> Target:
    """What a snapshot holds of the orchestrator it is made for.

    A dynamic run has its own, to start isolated steps with; nobody starts one of these a second
    time, so they try again themselves.
    """
    flavor = flavor_of(orchestrator)
    has_sources = bool(orchestrator.run_id_sources) and not is_dynamic
    by_backend = orchestrator.config.handles_step_retries and not is_dynamic
    return Target(
        project=project.project_name(),
        flavor=orchestrator.flavor,
        run_id_sources=orchestrator.run_id_sources,
        orchestrator=None if has_sources else orchestrator_source(orchestrator),
        retries="backend" if by_backend else "runtime",
        settings_class=card.settings_class(flavor) if flavor else None,
        secrets=read_configuration().secrets,
        degraded=tuple(capability.value for capability in degraded),
    )


def orchestrator_source(orchestrator: BaseOrchestrator) -> OrchestratorSource:
    """How a step's process makes this orchestrator again, without its secrets."""
    from pydantic import SecretStr

    config: BaseOrchestratorConfig = orchestrator.config
    secret = {name for name in type(config).model_fields if isinstance(getattr(config, name), SecretStr)}
    return OrchestratorSource(
        implementation=source_of(type(orchestrator), f"orchestrator {orchestrator.name!r}"),
        config_class=source_of(type(config), f"orchestrator {orchestrator.name!r}"),
        config=config.model_dump(mode="json", exclude=secret),
    )


def _source(file: Path | None, store: str, *, is_needed: bool) -> tuple[SourceTree | None, tuple[str, ...]]:
    """The user's source; where no other machine needs it, one too large is left out, and said.

    That of an installed package is no user's: here it is imported from where it is installed.
    """
    if file is None or (not is_needed and is_installed(file.resolve())):
        return None, ()
    try:
        return source_tree(file, but=folder_of(store)), ()
    except LimitExceeded as error:
        if is_needed:
            raise
        return None, (f"the source is not kept with the run: {error.what}",)
