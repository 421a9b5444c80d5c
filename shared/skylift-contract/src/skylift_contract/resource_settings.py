"""What a step asks of the machine that it runs on."""

from __future__ import annotations

import math
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from skylift_contract.byte_units import in_unit, parse_bytes
from skylift_contract.errors import ConfigurationError
from skylift_contract.model import Settings


class ResourceSettings(Settings):
    """Cores, memory and GPUs of one step; what is left out is the backend's to choose.

    Args:
        cpu_count: Cores; a part of one is fine.
        memory: An amount with its unit: `"8GB"` (decimal) or `"8GiB"` (binary).
        gpu_count: Whole GPUs; 0 asks for a machine without.
        gpu_type: The backend's own name for the kind of GPU. Needs a `gpu_count`.
    """

    cpu_count: float | None = None
    memory: str | None = None
    gpu_count: int | None = None
    gpu_type: Annotated[str, Field(min_length=1)] | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing at all is asked for."""
        return all(value is None for _, value in self)

    @property
    def memory_bytes(self) -> int | None:
        return None if self.memory is None else parse_bytes(self.memory, "ResourceSettings.memory")

    def get_memory(self, unit: str = "MB") -> float | None:
        """The memory in a unit of `byte_units.BYTES_PER_UNIT`; `UnknownName` for another."""
        count = self.memory_bytes
        return None if count is None else in_unit(count, unit)

    @field_validator("cpu_count", "gpu_count", mode="before")
    @classmethod
    def _no_truth_value(cls, value: Any) -> Any:
        if isinstance(value, bool):
            raise ValueError("it is a number, not a truth value")  # noqa: TRY004 -- for pydantic
        return value

    @field_validator("cpu_count")
    @classmethod
    def _some_cores(cls, value: float | None) -> float | None:
        if value is None or (value > 0 and math.isfinite(value)):
            return value
        raise _wrong(
            "cpu_count", "it is not a number of cores", value, "Give a number above 0, or leave it out."
        )

    @field_validator("memory", mode="before")
    @classmethod
    def _some_memory(cls, value: Any) -> Any:
        if isinstance(value, bool | int | float):
            fix = f"Say the unit: '{value}GB' or '{value}MB'."
            raise _wrong("memory", "it has no unit", value, fix)
        if isinstance(value, str):
            parse_bytes(value, "ResourceSettings.memory")
        return value

    @field_validator("gpu_count")
    @classmethod
    def _whole_gpus(cls, value: int | None) -> int | None:
        if value is None or value >= 0:
            return value
        raise _wrong("gpu_count", "it is not a number of GPUs", value, "Give 0 or more, or leave it out.")

    @model_validator(mode="after")
    def _type_has_count(self) -> Self:
        if self.gpu_type is not None and not self.gpu_count:
            raise _wrong("gpu_type", "it says which GPU and not how many", self.gpu_type, "Add gpu_count=1.")
        return self


def _wrong(field: str, what: str, value: object, fix: str) -> ConfigurationError:
    return ConfigurationError(what, who=f"ResourceSettings.{field}", value=value, fix=fix)
