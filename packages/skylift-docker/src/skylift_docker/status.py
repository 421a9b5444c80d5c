"""States of containers as ours: a total table over what an engine may say."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.enums import ExecutionStatus
from skylift_contract.status import StepStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STOPPED_EXITS: Final = frozenset({128 + signal.SIGTERM, 128 + signal.SIGINT, 128 + signal.SIGHUP})
KILLED_EXIT: Final = 128 + signal.SIGKILL


def step_status(state: Mapping[str, Any], memory: str = "") -> StepStatus:
    """How a container stands.

    `state`: the object `State` of an inspected container. `memory`: its limit, as it was asked for.
    A state that no engine is known to have is UNKNOWN, by its name.
    """
    name = str(state.get("Status", ""))
    found = STATES.get(name)
    if found is None:
        return StepStatus(ExecutionStatus.UNKNOWN, f"its container is {name!r}, which is not known here")
    return found(state, memory)


def _created(state: Mapping[str, Any], _: str) -> StepStatus:
    if error := state.get("Error"):
        return StepStatus(ExecutionStatus.FAILED, f"its container could not be started: {error}")
    return StepStatus(ExecutionStatus.PENDING, "its container is made, and not started")


def _running(_: Mapping[str, Any], __: str) -> StepStatus:
    return StepStatus(ExecutionStatus.RUNNING)


def _paused(_: Mapping[str, Any], __: str) -> StepStatus:
    return StepStatus(ExecutionStatus.RUNNING, "its container is paused")


def _exited(state: Mapping[str, Any], memory: str) -> StepStatus:
    code = int(state.get("ExitCode", 0))
    if error := state.get("Error"):
        return StepStatus(ExecutionStatus.FAILED, f"its container could not be started: {error}")
    if code == 0:
        return StepStatus(ExecutionStatus.COMPLETED)
    if state.get("OOMKilled"):
        limit = f" of {memory}" if memory else ""
        return StepStatus(
            ExecutionStatus.FAILED, f"it used more than its memory{limit}, and was killed (OOM)"
        )
    if code in STOPPED_EXITS:
        return StepStatus(ExecutionStatus.STOPPED, f"its container was stopped (exit code {code})")
    if code == KILLED_EXIT:
        return StepStatus(ExecutionStatus.FAILED, f"its container was killed by SIGKILL (exit code {code})")
    return StepStatus(ExecutionStatus.FAILED, f"its container ended with exit code {code}")


STATES: Final[Mapping[str, Callable[[Mapping[str, Any], str], StepStatus]]] = {
    "created": _created,
    "running": _running,
    "restarting": _running,
    "paused": _paused,
    "removing": _exited,
    "exited": _exited,
    "dead": _exited,
}
"""`Status` of the schema ContainerState, docs.docker.com/reference/api/engine/version/v1.41."""
