"""The local flavor's card."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from skylift.local.config import LocalOrchestratorConfig, LocalSettings
from skylift_contract.capability import EMULATED, FULL, Capability, no
from skylift_contract.flavor import BaseOrchestratorFlavor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_contract.capability import Support
    from skylift_contract.orchestrator import BaseOrchestrator

_UNSCHEDULED = no("nothing of Skylift's stays running on this machine; use cron, or a flavor that schedules")
_CHECKED = EMULATED("checked against this machine, not enforced")

CAPABILITIES: Mapping[Capability, Support] = MappingProxyType(
    {
        Capability.STATIC_PIPELINES: FULL,
        Capability.DYNAMIC_PIPELINES: FULL,
        Capability.ISOLATED_STEPS: EMULATED("in worker processes of this machine"),
        Capability.PARALLEL_STEPS: EMULATED("in worker processes, when max_parallelism is above 1"),
        Capability.CPU: _CHECKED,
        Capability.MEMORY: _CHECKED,
        Capability.GPU: _CHECKED,
        Capability.GPU_TYPE: no("which kind of GPU this machine has is not looked up"),
        Capability.IMAGES: EMULATED("your environment is used; its requirements are checked"),
        Capability.STEP_ENVIRONMENT: EMULATED(
            "set around the step; what is read when Python starts or a module is imported misses it"
        ),
        Capability.SECRETS: FULL,
        Capability.SECRETS_FROM_ENVIRONMENT: FULL,
        Capability.STEP_RETRIES: EMULATED("exceptions only: a killed process is not retried"),
        Capability.STEP_TIMEOUT: EMULATED("the step runs in a worker process, which ends itself"),
        Capability.FAIL_FAST: FULL,
        Capability.STOP_ON_FAILURE: FULL,
        Capability.CONTINUE_ON_FAILURE: FULL,
        Capability.SCHEDULE_CRON: _UNSCHEDULED,
        Capability.SCHEDULE_INTERVAL: _UNSCHEDULED,
        Capability.SCHEDULE_ONCE: _UNSCHEDULED,
        Capability.SCHEDULE_TIMEZONE: _UNSCHEDULED,
        Capability.SCHEDULE_START: _UNSCHEDULED,
        Capability.SCHEDULE_END: _UNSCHEDULED,
        Capability.SCHEDULE_CATCHUP: _UNSCHEDULED,
        Capability.SCHEDULE_MAX_CONCURRENT_RUNS: _UNSCHEDULED,
        Capability.SCHEDULE_MANAGEMENT: _UNSCHEDULED,
        Capability.RUN_STATUS: EMULATED("from the ledger, and whether the process still runs"),
        Capability.STEP_STATUS: EMULATED("from the ledger, and whether the process still runs"),
        Capability.STOP: FULL,
        Capability.STOP_GRACEFUL: FULL,
        Capability.LOGS: EMULATED("from the ledger"),
        Capability.FIND_RUN: EMULATED("from the ledger"),
        Capability.LIST_EXECUTIONS: _UNSCHEDULED,
    }
)


class LocalOrchestratorFlavor(BaseOrchestratorFlavor):
    @property
    def name(self) -> str:
        return "local"

    @property
    def title(self) -> str:
        return "This machine, in process"

    @property
    def config_class(self) -> type[LocalOrchestratorConfig]:
        return LocalOrchestratorConfig

    @property
    def settings_class(self) -> type[LocalSettings]:
        return LocalSettings

    @property
    def implementation_class(self) -> type[BaseOrchestrator]:
        from skylift.local.orchestrator import LocalOrchestrator

        return LocalOrchestrator

    @property
    def capabilities(self) -> Mapping[Capability, Support]:
        return CAPABILITIES
