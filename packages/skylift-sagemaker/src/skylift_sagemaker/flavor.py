"""What a host may know of the flavor before boto3 is loaded."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from skylift_contract.capability import EMULATED, FULL, Capability, Support, cannot
from skylift_contract.flavor import BY_THE_RUNTIME, WITHOUT_BUILDER, BaseOrchestratorFlavor
from skylift_sagemaker.config import SagemakerOrchestratorConfig, SagemakerOrchestratorSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_sagemaker.orchestrator import SagemakerOrchestrator

SCHEDULER: Final = "docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html"

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
        Capability.SECRETS: EMULATED("aws-sm:…, read by the step's process as its job's role"),
        Capability.STEP_RETRIES: EMULATED(
            "exceptions by the step's own process; SageMaker starts a job again that it failed itself, and "
            "never one that was killed for its memory"
        ),
        Capability.SCHEDULE_CRON: EMULATED(
            "as EventBridge Scheduler reads it: not with the day of the month and of the week restricted at "
            "once; a time that a zone's clocks skip does not fire"
        ),
        Capability.SCHEDULE_INTERVAL: EMULATED("of whole minutes"),
        Capability.SCHEDULE_ONCE: FULL,
        Capability.SCHEDULE_TIMEZONE: FULL,
        Capability.SCHEDULE_START: FULL,
        Capability.SCHEDULE_END: FULL,
        Capability.SCHEDULE_CATCHUP: cannot("EventBridge Scheduler fires nothing that it missed", SCHEDULER),
        Capability.SCHEDULE_MAX_CONCURRENT_RUNS: cannot(
            "EventBridge Scheduler fires whether or not the last run has ended", SCHEDULER
        ),
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


class SagemakerOrchestratorFlavor(BaseOrchestratorFlavor):
    @property
    def name(self) -> str:
        return "sagemaker"

    @property
    def title(self) -> str:
        return "Amazon SageMaker Pipelines"

    @property
    def config_class(self) -> type[SagemakerOrchestratorConfig]:
        return SagemakerOrchestratorConfig

    @property
    def settings_class(self) -> type[SagemakerOrchestratorSettings]:
        return SagemakerOrchestratorSettings

    @property
    def implementation_class(self) -> type[SagemakerOrchestrator]:
        from skylift_sagemaker.orchestrator import SagemakerOrchestrator

        return SagemakerOrchestrator

    @property
    def capabilities(self) -> Mapping[Capability, Support]:
        return CAPABILITIES
