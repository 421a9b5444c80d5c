"""What a host may know of the flavor before Docker's SDK is loaded."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from skylift_contract.capability import EMULATED, FULL, Capability, Support, no
from skylift_contract.flavor import BaseOrchestratorFlavor
from skylift_docker.config import DockerOrchestratorConfig, DockerRunSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skylift_docker.orchestrator import DockerOrchestrator

_UNSCHEDULED = no("nothing of Skylift's stays running on this machine; use cron, or a flavor that schedules")
_COORDINATED = "the process that submits starts each container, so it has to stay until the run ends"

CAPABILITIES: Final[Mapping[Capability, Support]] = MappingProxyType(
    {
        Capability.STATIC_PIPELINES: EMULATED(_COORDINATED),
        Capability.DYNAMIC_PIPELINES: FULL,
        Capability.ISOLATED_STEPS: FULL,
        Capability.PARALLEL_STEPS: FULL,
        Capability.CPU: FULL,
        Capability.MEMORY: FULL,
        Capability.GPU: FULL,
        Capability.GPU_TYPE: no("which kind of GPU an engine has is not looked up"),
        Capability.IMAGES: FULL,
        Capability.STEP_ENVIRONMENT: FULL,
        Capability.SECRETS: EMULATED("read by the step's process, with its own credentials"),
        Capability.SECRETS_FROM_ENVIRONMENT: EMULATED(
            "in the container's environment, which whoever may use the engine can read"
        ),
        Capability.STEP_RETRIES: EMULATED(
            "in fresh containers; in a dynamic run by the step's own process, so exceptions only"
        ),
        Capability.STEP_TIMEOUT: EMULATED("the step's process ends itself"),
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
        Capability.RUN_STATUS: FULL,
        Capability.STEP_STATUS: FULL,
        Capability.STOP: FULL,
        Capability.STOP_GRACEFUL: FULL,
        Capability.LOGS: EMULATED("from the ledger, once the container is removed"),
        Capability.FIND_RUN: EMULATED("while it has containers"),
        Capability.LIST_EXECUTIONS: _UNSCHEDULED,
    }
)


class DockerOrchestratorFlavor(BaseOrchestratorFlavor):
    @property
    def name(self) -> str:
        return "local_docker"

    @property
    def title(self) -> str:
        return "Docker, on this machine"

    @property
    def config_class(self) -> type[DockerOrchestratorConfig]:
        return DockerOrchestratorConfig

    @property
    def settings_class(self) -> type[DockerRunSettings]:
        return DockerRunSettings

    @property
    def implementation_class(self) -> type[DockerOrchestrator]:
        from skylift_docker.orchestrator import DockerOrchestrator

        return DockerOrchestrator

    @property
    def capabilities(self) -> Mapping[Capability, Support]:
        return CAPABILITIES
