"""What a host may know of __Plugin__ before anything of it is loaded."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from skylift___plugin__.config import __Plugin__OrchestratorConfig
from skylift_contract.capability import FULL, Capability, Support, no
from skylift_contract.flavor import BY_THE_RUNTIME, BaseOrchestratorFlavor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift___plugin__.orchestrator import __Plugin__Orchestrator

CAPABILITIES: Final[Mapping[Capability, Support]] = MappingProxyType(
    dict.fromkeys(Capability, no("skylift-__plugin__ has not built it yet"))
    | dict(BY_THE_RUNTIME)
    | {
        Capability.STATIC_PIPELINES: FULL,
        Capability.IMAGES: FULL,
        Capability.STEP_ENVIRONMENT: FULL,
    }
)
"""Every capability is in it. Where the platform itself cannot, `cannot(reason, source)` cites its vendor."""


class __Plugin__OrchestratorFlavor(BaseOrchestratorFlavor):
    @property
    def name(self) -> str:
        return "__plugin__"

    @property
    def config_class(self) -> type[__Plugin__OrchestratorConfig]:
        return __Plugin__OrchestratorConfig

    @property
    def implementation_class(self) -> type[__Plugin__Orchestrator]:
        from skylift___plugin__.orchestrator import __Plugin__Orchestrator

        return __Plugin__Orchestrator

    @property
    def capabilities(self) -> Mapping[Capability, Support]:
        return CAPABILITIES
