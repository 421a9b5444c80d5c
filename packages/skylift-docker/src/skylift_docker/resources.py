"""What a step asks of its machine, as an engine's limits; and what an engine has, held against that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.errors import ConfigurationError, LimitExceeded
from skylift_contract.limits import Limit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skylift_contract.errors import SkyliftError
    from skylift_contract.resource_settings import ResourceSettings
    from skylift_contract.snapshot import Step

NANO: Final = 10**9
MEMORY: Final = Limit(
    2**63 - 1,
    "bytes of memory",
    minimum=6 * 1024**2,
    source="docs.docker.com/engine/containers/resource_constraints",
)
"""An engine refuses containers with less: 'The minimum allowed value is 6m'."""


LEAST_CPUS: Final = 0.01
"""'Range of CPUs is from 0.01 to N', says an engine that is asked for less."""


@dataclass(frozen=True, slots=True)
class Engine:
    """What an engine says of itself.

    `memory_bytes`: all that its machine has. `is_rootless`: its containers' root is the user
    who runs it, and everybody else in them is nobody outside. `has_init`: whether it has the
    program that reaps processes, and passes signals on. `id`: the same as long as its data is.
    """

    cpus: int
    memory_bytes: int
    is_rootless: bool = False
    has_init: bool = False
    id: str = ""


def limits(resources: ResourceSettings) -> dict[str, Any]:
    """Arguments of `containers.create`: CPUs in units of 1e-9, memory in bytes and no swap beyond it."""
    found: dict[str, Any] = {}
    if resources.cpu_count is not None:
        found["nano_cpus"] = round(resources.cpu_count * NANO)
    if resources.memory_bytes is not None:
        found |= {"mem_limit": resources.memory_bytes, "memswap_limit": resources.memory_bytes}
    if resources.gpu_count:
        found["device_requests"] = [{"count": resources.gpu_count, "capabilities": [["gpu"]]}]
    return found


def too_little(who: str, asked: ResourceSettings) -> Iterator[SkyliftError]:
    """Each thing of which an engine gives no container so little."""
    if asked.cpu_count is not None and asked.cpu_count < LEAST_CPUS:
        yield ConfigurationError(
            "a Docker Engine gives no container so little",
            who=f"{who}, cpu_count",
            value=asked.cpu_count,
            limit=f"{LEAST_CPUS} or more",
        )
    if asked.memory_bytes is not None:
        try:
            MEMORY.check(asked.memory_bytes, f"{who}, memory")
        except LimitExceeded as error:
            yield error


def check_minimum(steps: Mapping[str, Step]) -> None:
    """Raise `LimitExceeded` or `ConfigurationError` for a step with less than an engine gives."""
    for name, step in steps.items():
        for wrong in too_little(f"step {name!r}", step.config.resource_settings):
            raise wrong


def too_much(who: str, asked: ResourceSettings, engine: Engine) -> Iterator[ConfigurationError]:
    """One error with all that the engine's machine has less of."""
    if lacking := list(_lacking(asked, engine)):
        yield ConfigurationError(
            f"the Docker Engine's machine has only {', '.join(lacking)}",
            who=who,
            fix="Ask for less, give Docker more of its machine, or choose a flavor with larger ones.",
        )


def _lacking(asked: ResourceSettings, engine: Engine) -> Iterator[str]:
    if asked.cpu_count and asked.cpu_count > engine.cpus:
        yield f"{engine.cpus} CPUs ({asked.cpu_count:g} asked)"
    if asked.memory_bytes and asked.memory_bytes > engine.memory_bytes:
        yield f"{engine.memory_bytes / 1024**3:.1f} GiB of memory ({asked.memory} asked)"
