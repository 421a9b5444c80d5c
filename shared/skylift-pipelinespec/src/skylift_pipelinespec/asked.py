"""What a step's container is to be, as a plugin has decided it: the builder's input."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skylift_contract.settings import StepRetryConfig


@dataclass(frozen=True, slots=True)
class Accelerator:
    """`type` is the platform's own word for it: `NVIDIA_L4`, `nvidia.com/gpu`."""

    type: str
    count: int


@dataclass(frozen=True, slots=True)
class Resources:
    """Limits of a container; what is None is left to the platform."""

    cpu_count: float | None = None
    memory_bytes: int | None = None
    accelerator: Accelerator | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """Who will run the document, as far as documents differ by that.

    `run_id`: the placeholder that it replaces with the run's own id, where that is the whole value of an
    input parameter. `variable`: the environment variable in which a step's process is to find it.
    `retrying_s`: seconds of `backoffMaxDuration`, which bounds a pause on Vertex AI, and on Kubeflow all
    attempts together, their own time included.
    """

    run_id: str
    variable: str
    retrying_s: int = 3600


NOTHING: Final = Resources()


@dataclass(frozen=True, slots=True)
class Asked:
    """One task. `name`: the invocation id. `after`: names of tasks that it waits for.

    `command`: a whole argv; where the name is a word of it, tasks that differ in nothing else share a
    component. `retry`: None where the platform is not to try again.
    """

    name: str
    image: str
    command: Sequence[str]
    after: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict[str, str])
    resources: Resources = NOTHING
    retry: StepRetryConfig | None = None
