"""What a step asks for → limits of its container, or the smallest machine that has it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.errors import ConfigurationError
from skylift_contract.resource_settings import ResourceSettings
from skylift_pipelinespec.asked import Accelerator, Resources
from skylift_vertex.limits import CPUS, MEMORY_GB
from skylift_vertex.machines import Machine, accelerator_type, counts, machine_type, machines

if TYPE_CHECKING:
    from collections.abc import Mapping

GIB: Final = 1024**3
GB: Final = 10**9
OTHER_KIND: Final = 3.0


def limits_of(asked: ResourceSettings, default_gpu: str, who: str) -> Resources:
    """Limits of a step's container in a pipeline; Vertex finds a machine that has them.

    `default_gpu`: the kind of GPU where the step asks for none in particular.

    Raises `LimitExceeded`, `UnknownName`, and `ConfigurationError` for GPUs that no machine has, or none
    with so many CPUs and so much memory.
    """
    if asked.cpu_count is not None:
        CPUS.check(asked.cpu_count, f"{who}, cpu_count")
    if asked.memory_bytes is not None:
        MEMORY_GB.check(asked.memory_bytes / GB, f"{who}, memory")
    gpu = _accelerator(asked, default_gpu, who)
    if gpu is not None and _smallest(asked.model_dump_json(), gpu, None) is None:
        raise _lacking(asked, gpu, None, who)
    return Resources(asked.cpu_count, asked.memory_bytes, gpu)


def _accelerator(asked: ResourceSettings, default_gpu: str, who: str) -> Accelerator | None:
    if not asked.gpu_count:
        return None
    kind = accelerator_type(asked.gpu_type or default_gpu, who)
    if asked.gpu_count not in counts()[kind]:
        known = ", ".join(map(str, counts()[kind]))
        raise ConfigurationError(
            f"no machine has so many GPUs {kind}",
            who=f"{who}, gpu_count",
            value=asked.gpu_count,
            fix=f"Ask for one of: {known}.",
        )
    return Accelerator(kind, asked.gpu_count)


def machine_of(
    asked: ResourceSettings, explicit: str | None, default: str, default_gpu: str, who: str
) -> dict[str, Any]:
    """The `MachineSpec` of a custom job.

    Args:
        asked: What is asked of the machine.
        explicit: The machine type that is named for it.
        default: The orchestrator's, where nothing is asked for.
        default_gpu: The kind of GPU where none in particular is asked for.
        who: For errors.

    Raises `ConfigurationError` where nothing has what is asked, showing the nearest that there is, or where
    the named type has not; `UnknownName` for a type that there is not.
    """
    gpu = _accelerator(asked, default_gpu, who)
    named = explicit or (default if asked.empty else None)
    found = _smallest(asked.model_dump_json(), gpu, named and machine_type(named, who))
    if found is None:
        raise _lacking(asked, gpu, named, who)
    spec: dict[str, Any] = {"machineType": found.name}
    if found.gpus:
        spec |= {"acceleratorType": found.gpu, "acceleratorCount": found.gpus}
    return spec


@cache
def _smallest(asked_json: str, gpu: Accelerator | None, name: str | None) -> Machine | None:
    """Of a text, for many steps ask for the same, and settings are not hashed.

    A machine with GPUs of its own that is named has them, whether or not they are asked for.
    """
    asked = ResourceSettings.model_validate_json(asked_json)
    able = [
        one
        for one in machines()
        if (name is None or one.name == name) and not any(_lack(one, asked, gpu).values())
    ]
    if gpu is None and name is None:
        able = [one for one in able if not one.gpus]
    return min(able, key=_order, default=None)


def _order(one: Machine) -> tuple[int, int, float]:
    """Fewest GPUs, CPUs and memory; of equals the first of the table, where the cheaper families stand."""
    return (one.gpus, one.cpus, one.memory_gib)


def _lack(one: Machine, asked: ResourceSettings, gpu: Accelerator | None) -> Mapping[str, float]:
    """How far it falls short, each as a share of what is asked."""
    cpus, memory = asked.cpu_count or 0, (asked.memory_bytes or 0) / GIB
    return {
        "GPUs": _lacking_gpus(one, gpu) if gpu else float(asked.gpu_count == 0 and one.gpus > 0),
        "memory": max(0.0, memory - one.memory_gib) / (memory or 1),
        "CPUs": max(0.0, cpus - one.cpus) / (cpus or 1),
    }


def _lacking_gpus(one: Machine, gpu: Accelerator) -> float:
    """Another kind is further off than any lack of CPUs and memory, which are at most 1 each."""
    return OTHER_KIND if one.gpu != gpu.type else abs(one.gpus - gpu.count) / gpu.count


def _lacking(
    asked: ResourceSettings, gpu: Accelerator | None, name: str | None, who: str
) -> ConfigurationError:
    if name is not None:
        return ConfigurationError(
            f"its resources ask for {describe(asked, gpu)}, which its machine type has not",
            who=who,
            value=name,
            fix="Leave out the machine_type, or the resources.",
        )
    nearest = sorted(machines(), key=lambda one: (sum(_lack(one, asked, gpu).values()), _order(one)))[:3]
    return ConfigurationError(
        f"no machine type has {describe(asked, gpu)}",
        who=who,
        fix=f"The nearest: {', '.join(one.describe() for one in nearest)}.",
    )


def describe(asked: ResourceSettings, gpu: Accelerator | None) -> str:
    parts = (
        asked.cpu_count and f"{asked.cpu_count:g} CPUs",
        asked.memory and f"{asked.memory} of memory",
        gpu and f"{gpu.count} GPUs {gpu.type}",
        asked.gpu_count == 0 and "no GPU",
    )
    return ", ".join(str(part) for part in parts if part)
