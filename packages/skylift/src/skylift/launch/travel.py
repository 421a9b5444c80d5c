"""What a pipeline of a notebook may do: run here, or take its steps from modules."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING

from skylift.authoring.sources import INTERACTIVE, check_importable, load
from skylift_contract.orchestrator import ContainerizedOrchestrator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift_contract.orchestrator import BaseOrchestrator
    from skylift_contract.snapshot import PipelineConfiguration, PipelineSnapshot, StepConfig


def runs_apart(orchestrator: BaseOrchestrator) -> bool:
    """Whether steps run where only what is sent along of the source can be imported."""
    return bool(orchestrator.config.is_remote) or isinstance(orchestrator, ContainerizedOrchestrator)


def check_travels(snapshot: PipelineSnapshot, orchestrator: BaseOrchestrator) -> None:
    """Raise `AuthoringError` for what is defined here only, where another process runs it.

    A static pipeline's own function stays here, and may stand in a notebook.
    """
    if snapshot.schedule is not None:
        why, fix = "a schedule starts it in another", "run it once, now, with run_now()"
    elif runs_apart(orchestrator):
        why = f"{orchestrator.flavor} runs each step in another"
        fix = 'run it here: with_options(orchestrator="local")'
    else:
        return
    for who, source in _sources(snapshot):
        check_importable(source, who, why, fix)


def _sources(snapshot: PipelineSnapshot) -> Iterator[tuple[str, str]]:
    for name, step in snapshot.step_configurations.items():
        yield f"step {name!r}", step.spec.source
        yield from _hooks(f"step {name!r}", step.config)
    pipeline = snapshot.pipeline_configuration
    if snapshot.is_dynamic:
        yield f"pipeline {snapshot.name!r}", pipeline.source
    yield from _hooks(f"pipeline {snapshot.name!r}", pipeline)


def _hooks(who: str, config: StepConfig | PipelineConfiguration) -> Iterator[tuple[str, str]]:
    for hook in filter(None, (config.on_failure, config.on_success)):
        yield f"{who}, hook", hook


def file_of_steps(snapshot: PipelineSnapshot) -> Path | None:
    """Where a step stands that is in a file: its project is the pipeline's, whose function is in none."""
    for step in snapshot.steps:
        if not step.spec.source.startswith(f"{INTERACTIVE}:"):
            found = inspect.getsourcefile(load(step.spec.source))
            return Path(found) if found else None
    return None
