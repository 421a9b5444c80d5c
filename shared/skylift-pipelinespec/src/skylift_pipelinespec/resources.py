"""Limits of a container as a document writes them: in the words of now, and in those of older readers.

Amounts are given in the suffixes that Kubernetes and Vertex AI share: `m` of cores, `K`, `M` and `G`
(decimal) of bytes. What is no whole number of the smallest is rounded up: never less than was asked.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from skylift_pipelinespec.asked import Accelerator, Resources

_SUFFIXES: Final = (("G", 10**9), ("M", 10**6), ("K", 10**3))


def resource_spec(asked: Resources) -> dict[str, Any]:
    """`ResourceSpec`; empty where nothing is asked for."""
    found: dict[str, Any] = {}
    if asked.cpu_count is not None:
        found |= {"cpuLimit": float(asked.cpu_count), "resourceCpuLimit": cores(asked.cpu_count)}
    if asked.memory_bytes is not None:
        found |= {
            "memoryLimit": asked.memory_bytes / 10**9,
            "resourceMemoryLimit": amount(asked.memory_bytes),
        }
    if asked.accelerator is not None:
        found["accelerator"] = _accelerator(asked.accelerator)
    return found


def cores(count: float) -> str:
    """`4`, `500m`."""
    millis = math.ceil(round(count * 1000, 6))
    return f"{millis}m" if millis % 1000 else str(millis // 1000)


def amount(count: int) -> str:
    """`16G`, `1500M`, `8589935K` for 8 GiB."""
    for suffix, size in _SUFFIXES:
        if count % size == 0:
            return f"{count // size}{suffix}"
    return f"{-(-count // 1000)}K"


def _accelerator(asked: Accelerator) -> dict[str, str]:
    count = str(asked.count)
    return {"type": asked.type, "resourceType": asked.type, "count": count, "resourceCount": count}
