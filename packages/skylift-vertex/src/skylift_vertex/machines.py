"""The machines that custom jobs run on: a table, and what is read from it.

Source: cloud.google.com/vertex-ai/docs/training/configure-compute
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from skylift_contract.errors import UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine type, with GPUs where it has some: `gpu` is their `AcceleratorType`, else empty."""

    name: str
    cpus: int
    memory_gib: float
    gpu: str = ""
    gpus: int = 0

    def describe(self) -> str:
        gpus = f", {self.gpus} {self.gpu}" if self.gpus else ""
        return f"{self.name} ({self.cpus} CPUs, {self.memory_gib:g} GiB{gpus})"


_FAMILIES: Final = (
    ("e2-standard", 4.0, (4, 8, 16, 32)),
    ("e2-highmem", 8.0, (2, 4, 8, 16)),
    ("n1-standard", 3.75, (4, 8, 16, 32, 64, 96)),
    ("n1-highmem", 6.5, (2, 4, 8, 16, 32, 64, 96)),
    ("n1-highcpu", 0.9, (16, 32, 64, 96)),
    ("n2-standard", 4.0, (4, 8, 16, 32, 48, 64, 80)),
    ("n2-highmem", 8.0, (2, 4, 8, 16, 32, 48, 64, 80)),
    ("c2-standard", 4.0, (4, 8, 16, 30, 60)),
)
"""Name, GiB for each CPU, numbers of CPUs."""

_LARGE: Final = (("m1-ultramem-40", 40, 961), ("m1-ultramem-80", 80, 1922), ("m1-ultramem-160", 160, 3844))

_ATTACHED: Final = {
    "NVIDIA_TESLA_T4": ((1, 2, 4), 24),
    "NVIDIA_TESLA_P4": ((1, 2, 4), 24),
    "NVIDIA_TESLA_P100": ((1, 2, 4), 16),
    "NVIDIA_TESLA_V100": ((1, 2, 4, 8), 12),
}
"""GPUs that n1 machines are given: how many, and CPUs for each at most."""

_BUILT_IN: Final = (
    *(("a2-highgpu-1g", 12, 85, "NVIDIA_TESLA_A100", 1), ("a2-highgpu-2g", 24, 170, "NVIDIA_TESLA_A100", 2)),
    *(("a2-highgpu-4g", 48, 340, "NVIDIA_TESLA_A100", 4), ("a2-highgpu-8g", 96, 680, "NVIDIA_TESLA_A100", 8)),
    ("a2-megagpu-16g", 96, 1360, "NVIDIA_TESLA_A100", 16),
    *(("a2-ultragpu-1g", 12, 170, "NVIDIA_A100_80GB", 1), ("a2-ultragpu-2g", 24, 340, "NVIDIA_A100_80GB", 2)),
    *(
        ("a2-ultragpu-4g", 48, 680, "NVIDIA_A100_80GB", 4),
        ("a2-ultragpu-8g", 96, 1360, "NVIDIA_A100_80GB", 8),
    ),
    *(("g2-standard-4", 4, 16, "NVIDIA_L4", 1), ("g2-standard-8", 8, 32, "NVIDIA_L4", 1)),
    *(("g2-standard-12", 12, 48, "NVIDIA_L4", 1), ("g2-standard-16", 16, 64, "NVIDIA_L4", 1)),
    *(("g2-standard-24", 24, 96, "NVIDIA_L4", 2), ("g2-standard-32", 32, 128, "NVIDIA_L4", 1)),
    *(("g2-standard-48", 48, 192, "NVIDIA_L4", 4), ("g2-standard-96", 96, 384, "NVIDIA_L4", 8)),
    *(("a3-highgpu-1g", 26, 234, "NVIDIA_H100_80GB", 1), ("a3-highgpu-2g", 52, 468, "NVIDIA_H100_80GB", 2)),
    *(
        ("a3-highgpu-4g", 104, 936, "NVIDIA_H100_80GB", 4),
        ("a3-highgpu-8g", 208, 1872, "NVIDIA_H100_80GB", 8),
    ),
    ("a3-megagpu-8g", 208, 1872, "NVIDIA_H100_MEGA_80GB", 8),
    ("a3-ultragpu-8g", 224, 2952, "NVIDIA_H200_141GB", 8),
    ("a4-highgpu-8g", 224, 3968, "NVIDIA_B200", 8),
    *(
        ("g4-standard-48", 48, 180, "NVIDIA_RTX_PRO_6000", 1),
        ("g4-standard-96", 96, 360, "NVIDIA_RTX_PRO_6000", 2),
    ),
    *(("g4-standard-192", 192, 720, "NVIDIA_RTX_PRO_6000", 4),),
    *(("g4-standard-384", 384, 1440, "NVIDIA_RTX_PRO_6000", 8),),
)


@cache
def machines() -> tuple[Machine, ...]:
    """Every machine, and of those that GPUs are attached to each with every number of them."""
    plain = tuple(_plain())
    built_in = tuple(Machine(*row) for row in _BUILT_IN)
    return (*plain, *_attached(plain), *built_in)


@cache
def counts() -> Mapping[str, tuple[int, ...]]:
    """Accelerator type → how many of it one machine may have."""
    found: dict[str, set[int]] = {}
    for one in machines():
        if one.gpu:
            found.setdefault(one.gpu, set()).add(one.gpus)
    return {gpu: tuple(sorted(numbers)) for gpu, numbers in sorted(found.items())}


def accelerator_type(given: str, who: str) -> str:
    """`NVIDIA_L4`, also where it is spelled `L4` or `l4`; raises `UnknownName`."""
    known = {name: name for name in counts()}
    short = {name.removeprefix("NVIDIA_").removeprefix("TESLA_"): name for name in known}
    found = (known | short).get(given.upper())
    if found is None:
        raise UnknownName("accelerator type", given, [*known, *short], who=who)
    return found


def machine_type(name: str, who: str) -> str:
    """Raises `UnknownName` for a type that there is not."""
    names = sorted({one.name for one in machines()})
    if name not in names:
        raise UnknownName("machine type", name, names, who=who)
    return name


def _plain() -> Iterator[Machine]:
    for family, memory, sizes in _FAMILIES:
        for cpus in sizes:
            yield Machine(f"{family}-{cpus}", cpus, cpus * memory)
    for row in _LARGE:
        yield Machine(*row)


def _attached(plain: tuple[Machine, ...]) -> Iterator[Machine]:
    for gpu, (numbers, most) in _ATTACHED.items():
        for gpus in numbers:
            for one in plain:
                if one.name.startswith("n1-") and one.cpus <= most * gpus:
                    yield Machine(one.name, one.cpus, one.memory_gib, gpu, gpus)
