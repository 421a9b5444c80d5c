"""What a host may know of the flavor before Google's SDK is loaded."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from skylift_contract.capability import EMULATED, FULL, Capability, Support, cannot
from skylift_contract.flavor import BY_THE_RUNTIME, WITHOUT_BUILDER, BaseOrchestratorFlavor
from skylift_vertex.config import VertexOrchestratorConfig, VertexOrchestratorSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_vertex.orchestrator import VertexOrchestrator

SCHEDULES: Final = "cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.schedules"

CAPABILITIES: Final[Mapping[Capability, Support]] = MappingProxyType(
    {
        **BY_THE_RUNTIME,
        Capability.STATIC_PIPELINES: FULL,
        Capability.DYNAMIC_PIPELINES: FULL,
        Capability.ISOLATED_STEPS: FULL,
        Capability.PARALLEL_STEPS: FULL,
        Capability.CPU: FULL,
        Capability.MEMORY: FULL,
        Capability.GPU: FULL,
        Capability.GPU_TYPE: FULL,
        Capability.IMAGES: EMULATED(WITHOUT_BUILDER),
        Capability.STEP_ENVIRONMENT: FULL,
        Capability.SECRETS: EMULATED("gcp-sm:…, read by the step's process as its service account"),
        Capability.STEP_RETRIES: EMULATED(
            "in fresh containers; in a dynamic run by the step's own process, so exceptions only"
        ),
        Capability.STOP_ON_FAILURE: FULL,
        Capability.CONTINUE_ON_FAILURE: FULL,
        Capability.SCHEDULE_CRON: FULL,
        Capability.SCHEDULE_INTERVAL: cannot("Vertex AI schedules by cron alone", SCHEDULES),
        Capability.SCHEDULE_ONCE: cannot("Vertex AI schedules by cron alone", SCHEDULES),
        Capability.SCHEDULE_TIMEZONE: FULL,
        Capability.SCHEDULE_START: FULL,
        Capability.SCHEDULE_END: FULL,
        Capability.SCHEDULE_CATCHUP: cannot(
            "Vertex AI makes up for what a pause missed, and not for what was missed before the schedule "
            "was there",
            SCHEDULES,
        ),
        Capability.SCHEDULE_MAX_CONCURRENT_RUNS: EMULATED("a firing that finds too many runs is left out"),
        Capability.SCHEDULE_MANAGEMENT: FULL,
        Capability.RUN_STATUS: FULL,
        Capability.STEP_STATUS: FULL,
        Capability.STOP: FULL,
        Capability.STOP_GRACEFUL: EMULATED("steps that have not begun end as skipped once they are started"),
        Capability.LOGS: FULL,
        Capability.FIND_RUN: FULL,
        Capability.LIST_EXECUTIONS: FULL,
    }
)
"""Every capability is in it."""


class VertexOrchestratorFlavor(BaseOrchestratorFlavor):
    @property
    def name(self) -> str:
        return "vertex"

    @property
    def title(self) -> str:
        return "Vertex AI Pipelines"

    @property
    def config_class(self) -> type[VertexOrchestratorConfig]:
        return VertexOrchestratorConfig

    @property
    def settings_class(self) -> type[VertexOrchestratorSettings]:
        return VertexOrchestratorSettings

    @property
    def implementation_class(self) -> type[VertexOrchestrator]:
        from skylift_vertex.orchestrator import VertexOrchestrator

        return VertexOrchestrator

    @property
    def capabilities(self) -> Mapping[Capability, Support]:
        return CAPABILITIES
