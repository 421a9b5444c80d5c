"""Where a step of a dynamic run runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from skylift_contract.snapshot import INLINE, ISOLATED

if TYPE_CHECKING:
    from skylift_contract.snapshot import PipelineConfiguration, Step

PROCESS: Final = "process"


def placement(step: Step, root: PipelineConfiguration) -> str:
    """`isolated` on the backend, where it asks for that, for resources or for an image; else here.

    A process has one environment, and one alarm: what is to have its own, or a time limit, runs
    in a process of its own beside this one. `root` is the pipeline whose environment this one has.
    """
    config = step.config
    if config.runtime == ISOLATED:
        return ISOLATED
    own = config.environment != root.environment or config.secrets != root.secrets
    return PROCESS if own or config.timeout is not None else INLINE
