"""The instance types that there are.

The table is `data/instance_types.json`: instance type → vCPUs, GiB of memory, GPUs and their kind, and
which kinds of job take it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from skylift_contract.errors import ConfigurationError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Instance:
    """`gpu`: its kind as AWS calls it, empty where there is none; `is_special`: another accelerator."""

    name: str
    vcpu: int
    memory_gib: float
    gpus: int
    gpu: str
    arch: str
    jobs: frozenset[str]
    is_special: bool

    @property
    def generation(self) -> int:
        """6 of `ml.m6i.large`; 0 where the name says none."""
        found = re.match(r"ml\.[a-z]+(\d+)", self.name)
        return int(found[1]) if found else 0

    def describe(self) -> str:
        gpus = f", {self.gpus} {self.gpu}" if self.gpus else ""
        return f"{self.name} ({self.vcpu} vCPU, {self.memory_gib:g} GiB{gpus})"


@cache
def instances() -> Mapping[str, Instance]:
    """The packaged table, by name."""
    from importlib import resources

    text = resources.files("skylift_sagemaker").joinpath("data/instance_types.json").read_text()
    return {name: _instance(name, row) for name, row in json.loads(text).items()}


def _instance(name: str, row: Mapping[str, object]) -> Instance:
    jobs = frozenset(kind for kind in ("processing", "training") if row[kind])
    return Instance(
        name=name,
        vcpu=int(str(row["vcpu"] or 0)),
        memory_gib=float(str(row["mem_gib"] or 0)),
        gpus=int(str(row["gpus"])),
        gpu=str(row["gpu"] or ""),
        arch=str(row["arch"]),
        jobs=jobs,
        is_special=bool(row["accel"]) and not row["gpus"],
    )


def named(name: str, who: str) -> Instance:
    """Raises `UnknownName`."""
    found = instances().get(name)
    if found is None:
        meant = f"ml.{name}"  # as EC2 has it, whose types look much alike
        near = [meant] if meant in instances() else sorted(instances())
        raise UnknownName("instance type", name, near, who=who)
    return found


def known(name: str, job: str, who: str) -> Instance:
    """As `named`; raises `ConfigurationError` for a type that this kind of job does not take."""
    found = named(name, who)
    if job not in found.jobs:
        raise ConfigurationError(
            f"{job} jobs do not take this instance type",
            who=who,
            value=name,
            fix="Name another, or change job_type.",
        )
    return found
