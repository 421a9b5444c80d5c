"""Why an engine starts no container of an image, in words that say what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from skylift_contract.environment import CONTAINER_PYTHON
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Case(NamedTuple):
    """What was tried, and what the engine `said`.

    `image`: as people name it. `create`: arguments of `containers.create`. `is_for`, `engine`: the
    platforms of the image, and of the engine.
    """

    image: str
    create: Mapping[str, Any]
    is_for: str
    engine: str
    said: str


def misfit(case: Case, who: str) -> ConfigurationError:
    """In our words where what the engine says is known, else in its own."""
    told = next((told for words, told in _KNOWN.items() if words in case.said), _other)
    what, fix = told(case)
    return ConfigurationError(what, who=who, fix=fix)


def _no_python(case: Case) -> tuple[str, str]:
    link = f'ln -s "$(which python3)" /usr/local/bin/{CONTAINER_PYTHON}'
    return (
        f"image {case.image!r} has no program {CONTAINER_PYTHON!r} on its PATH that its user may run",
        f"Steps need Python under that name: in its Dockerfile, RUN {link}; or name another image.",
    )


def _no_user(case: Case) -> tuple[str, str]:
    return (
        f"image {case.image!r} does not know whom its container is to run as, {case.create['user']!r}",
        'Write numbers, which every image takes: "1000" or "1000:1000"; or add the user in its Dockerfile.',
    )


def _no_gpu(_: Case) -> tuple[str, str]:
    toolkit = "docs.nvidia.com/datacenter/cloud-native/container-toolkit"
    return (
        "the Docker Engine has no driver for GPUs",
        f"Install NVIDIA's container toolkit on its machine ({toolkit}), or choose a flavor with GPUs.",
    )


def _other_machine(case: Case) -> tuple[str, str]:
    emulation = "docs.docker.com/build/building/multi-platform/#qemu"
    return (
        f"image {case.image!r} is for {case.is_for}, which the Docker Engine, for {case.engine}, cannot run",
        f"Use an image for {case.engine}, or have the engine run others: {emulation}.",
    )


def _other_platform(case: Case) -> tuple[str, str]:
    return (
        f"image {case.image!r} is for {case.is_for}, and {case.create.get('platform')!r} is asked for",
        "Name an image of that platform, or ask for the one that it has.",
    )


def _other(case: Case) -> tuple[str, str]:
    said = case.said.strip().rstrip(".").rpartition("\n")[2]
    return (
        f"no container of image {case.image!r} starts as it asks for: {said}",
        "Correct its settings, or the image.",
    )


_KNOWN: Final[Mapping[str, Callable[[Case], tuple[str, str]]]] = {
    "does not match the specified platform": _other_platform,
    "exec format error": _other_machine,
    "unable to find user": _no_user,
    "unable to find group": _no_user,
    "could not select device driver": _no_gpu,
    f'exec: "{CONTAINER_PYTHON}"': _no_python,
}
"""Parts of what moby and runc say, each with what it means."""
