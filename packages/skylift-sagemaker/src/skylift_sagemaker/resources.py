"""What a step asks for → the smallest instance that has it."""

from __future__ import annotations

from functools import cache
from typing import Final

from skylift_contract.errors import ConfigurationError
from skylift_contract.resource_settings import ResourceSettings
from skylift_sagemaker.instances import Instance, instances, known

GIB: Final = 1024**3


def choose(asked: ResourceSettings, explicit: str | None, default: str, job: str, who: str) -> str:
    """The instance type of a step.

    Args:
        asked: What the step asks of its machine.
        explicit: The instance type that it names itself.
        default: The orchestrator's, where the step asks for nothing.
        job: `processing` or `training`.
        who: The step, for errors.

    Raises `ConfigurationError` where nothing has what is asked, showing the nearest that there is,
    or where the named type has not; `UnknownName` for a type that there is not.
    """
    if explicit is not None or asked.empty:
        found = known(explicit or default, job, who)
        if not fits(found, asked):
            raise ConfigurationError(
                f"its resources ask for {describe(asked)}, and its instance type is {found.describe()}",
                who=who,
                fix="Leave out the instance_type, or the resources.",
            )
        return found.name
    smallest = _smallest(asked.model_dump_json(), job)
    if smallest is not None:
        return smallest
    nearest = ", ".join(one.describe() for one in _nearest(asked, job))
    raise ConfigurationError(
        f"no instance type for {job} jobs has {describe(asked)}",
        who=who,
        fix=f"The nearest: {nearest}.",
    )


@cache
def _smallest(asked_json: str, job: str) -> str | None:
    """Of a text, for many steps ask for the same, and settings are not hashed."""
    asked = ResourceSettings.model_validate_json(asked_json)
    able = [one for one in _usual(job) if fits(one, asked)]
    return min(able, key=_order).name if able else None


def fits(one: Instance, asked: ResourceSettings) -> bool:
    return not any(_lack(one, asked))


def describe(asked: ResourceSettings) -> str:
    parts = {
        "CPUs": asked.cpu_count and f"{asked.cpu_count:g} CPUs",
        "memory": asked.memory and f"{asked.memory} of memory",
        "GPUs": asked.gpu_count is not None and f"{asked.gpu_count} GPUs {asked.gpu_type or ''}".strip(),
    }
    return ", ".join(str(part) for part in parts.values() if part)


def _usual(job: str) -> list[Instance]:
    """Of this kind of job, and what a plain image runs on: x86_64, without accelerators of another make."""
    return [
        one for one in instances().values() if job in one.jobs and one.arch == "x86_64" and not one.is_special
    ]


def _lack(one: Instance, asked: ResourceSettings) -> tuple[float, float, float, float]:
    """How far it falls short, each as a share of what is asked: kind of GPU, GPUs, memory, CPUs."""
    wrong_gpu = asked.gpu_type is not None and asked.gpu_type.lower() != one.gpu.lower()
    gpus = asked.gpu_count or 0
    memory = (asked.memory_bytes or 0) / GIB
    spare = asked.gpu_count == 0 and one.gpus > 0
    return (
        1.0 if wrong_gpu or spare else 0.0,
        max(0.0, gpus - one.gpus) / (gpus or 1),
        max(0.0, memory - one.memory_gib) / (memory or 1),
        max(0.0, (asked.cpu_count or 0) - one.vcpu) / (asked.cpu_count or 1),
    )


def _order(one: Instance) -> tuple[int, int, float, int, str]:
    """Fewest GPUs, CPUs and memory; of equals the newest generation, then the name."""
    return (one.gpus, one.vcpu, one.memory_gib, -one.generation, one.name)


def _nearest(asked: ResourceSettings, job: str) -> list[Instance]:
    """Three, those that lack least first."""
    return sorted(_usual(job), key=lambda one: (sum(_lack(one, asked)), _order(one)))[:3]
