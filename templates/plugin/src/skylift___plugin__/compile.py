"""Snapshot → __Plugin__'s job document.

Pure: same input, same bytes; no SDK, clock, environment or log.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from skylift___plugin__.names import native_name
from skylift_contract.canonical import canonical_json
from skylift_contract.compiled import CompiledPipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skylift_contract.snapshot import PipelineSnapshot, Step

DOCUMENT: Final = "job.json"


def compile_job(
    snapshot: PipelineSnapshot,
    image_of: Callable[[Step], str],
    command_of: Callable[[Step], list[str]],
    step_environments: Mapping[str, Mapping[str, str]],
) -> CompiledPipeline:
    """Return one document, `{"name": str, "tasks": [...]}`, its tasks in the snapshot's order.

    The command is an argv.
    """

    def task(invocation_id: str, step: Step) -> dict[str, Any]:
        return {
            "name": native_name(invocation_id),
            "after": [native_name(name) for name in step.spec.upstream_steps],
            "image": image_of(step),
            "command": command_of(step),
            "environment": dict(step_environments.get(invocation_id, {})),
        }

    tasks = [task(name, step) for name, step in snapshot.step_configurations.items()]
    job = {"name": native_name(snapshot.name), "tasks": tasks}
    return CompiledPipeline({DOCUMENT: canonical_json(job)}, {"job": job["name"], "tasks": len(tasks)})
