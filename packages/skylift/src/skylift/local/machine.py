"""What this machine has, held against what a step asks for."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift_contract.resource_settings import ResourceSettings
    from skylift_contract.snapshot import PipelineSnapshot


def check_machine(snapshot: PipelineSnapshot) -> None:
    """Raise `ConfigurationError` for all that steps ask for and that is not here."""
    for name, step in snapshot.step_configurations.items():
        check_resources(step.config.resource_settings, f"step {name!r}")
        for requirement in step.config.docker_settings.requirements:
            check_requirement(requirement, f"step {name!r}")


def check_resources(asked: ResourceSettings, who: str) -> None:
    """Raise `ConfigurationError` naming each resource of which this machine has less."""
    if lacking := list(_lacking(asked)):
        raise ConfigurationError(
            f"this machine has only {', '.join(lacking)}",
            who=who,
            fix="Ask for less, or run it on a flavor with larger machines.",
        )


def _lacking(asked: ResourceSettings) -> Iterator[str]:
    if asked.cpu_count and asked.cpu_count > (cpus := cpu_count()):
        yield f"{cpus} CPUs ({asked.cpu_count:g} asked)"
    if asked.memory and (asked.get_memory("B") or 0) > (total := memory_bytes()):
        yield f"{total / 1024**3:.1f} GiB of memory ({asked.memory} asked)"
    if asked.gpu_count and asked.gpu_count > (gpus := gpu_count()):
        yield f"{gpus} GPUs ({asked.gpu_count} asked)"


def cpu_count() -> int:
    """The CPUs that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def gpu_count() -> int:
    """NVIDIA's device files; a machine with others is taken to have none."""
    return sum(path.name.removeprefix("nvidia").isdigit() for path in Path("/dev").glob("nvidia*"))


def check_requirement(text: str, who: str) -> None:
    """Raise `ConfigurationError` unless this environment satisfies a requirement specifier."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement as error:
        raise ConfigurationError(f"it is no requirement: {error}", who=who, value=text) from None
    if requirement.marker is not None and not requirement.marker.evaluate():
        return
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        found = None
    if found is None or not requirement.specifier.contains(found, prereleases=True):
        raise ConfigurationError(
            f"your environment has {f'version {found}' if found else 'no such package'}",
            who=f"{who}, requirement {text!r}",
            fix=f"pip install {text!r}",
        )
