"""What to do about a step that ended before it could write why: most often, its memory had run out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from skylift.backends import LOCAL

if TYPE_CHECKING:
    from skylift_contract.snapshot import PipelineSnapshot

SIGNS: Final = re.compile(
    r"the process died|SIGKILL|signal 9\b|\b137\b|\bOOM|out of memory|low on memory|more memory|its memory",
    re.IGNORECASE,
)
"""Of a process that was killed, in the words of engines and clouds; 137 is 128 and the number of SIGKILL."""

OTHER_CAUSES: Final = re.compile(
    r"tim(e|ed) ?out|running time|deadline|quota|capacity|emulated", re.IGNORECASE
)
"""Of a backend that ends what has done no wrong, or has ended with it."""

HERE: Final = (
    "kill -9 ends a process so, and so does this machine where its memory runs out: "
    "its kernel's log (dmesg) tells."
)


def advice(snapshot: PipelineSnapshot, step: str, reason: str, *, is_silent: bool) -> str:
    """A sentence, or nothing where no sign of a kill is found.

    Args:
        snapshot: The run's.
        step: The invocation; the pipeline's function is told of where it is none.
        reason: Why it failed, in whoever's words.
        is_silent: Whether nobody wrote how it ended, neither itself nor who waited for it.
    """
    if not SIGNS.search(reason) and (not is_silent or OTHER_CAUSES.search(reason)):
        return ""
    if snapshot.runtime.flavor == LOCAL:
        return HERE
    memory, where = _memory(snapshot, step)
    more = f'@{where}(settings={{"resources": ResourceSettings(memory="…")}})'
    asks = f"it asks for {memory}" if memory else "it asks for none"
    return f"if its memory ran out, give it more with {more}: {asks}."


def _memory(snapshot: PipelineSnapshot, step: str) -> tuple[str | None, str]:
    """What was asked for, and by whom: what runs in the process of the pipeline's function has that one's."""
    config = snapshot.step_configurations[step].config if step in snapshot.step_configurations else None
    if config is not None and (config.resource_settings.memory or not snapshot.is_dynamic):
        return config.resource_settings.memory, "step"
    return snapshot.pipeline_configuration.resource_settings.memory, "pipeline"
