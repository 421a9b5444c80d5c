"""A snapshot's steps as tasks: what they wait for, run in, and are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skylift_pipelinespec.asked import Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from skylift_contract.snapshot import PipelineSnapshot, Step
    from skylift_pipelinespec.asked import Resources


@dataclass(frozen=True, slots=True)
class Plugin:
    """What a platform's plugin decides about a step. `is_retrying`: whether its platform tries again."""

    image_of: Callable[[Step], str]
    command_of: Callable[[Step], Sequence[str]]
    resources_of: Callable[[Step], Resources]
    is_retrying: bool


def tasks_of(
    snapshot: PipelineSnapshot, environments: Mapping[str, Mapping[str, str]], plugin: Plugin
) -> list[Asked]:
    """One for each step, in the snapshot's order; `environments`: complete ones, by invocation id.

    Nobody waits for a step that is bound: what it made is there.
    """
    steps = snapshot.step_configurations
    return [
        Asked(
            name=name,
            image=plugin.image_of(step),
            command=plugin.command_of(step),
            after=[other for other in step.spec.upstream_steps if other in steps],
            environment=environments.get(name, {}),
            resources=plugin.resources_of(step),
            retry=step.config.retry if plugin.is_retrying else None,
        )
        for name, step in steps.items()
    ]
