"""What a flavor does, as data: each capability is full, emulated, or refused with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Capability(StrEnum):
    """Everything a snapshot may use or a person may ask of a run, one name each."""

    STATIC_PIPELINES = "static_pipelines"
    DYNAMIC_PIPELINES = "dynamic_pipelines"
    ISOLATED_STEPS = "isolated_steps"
    PARALLEL_STEPS = "parallel_steps"
    CPU = "cpu"
    MEMORY = "memory"
    GPU = "gpu"
    GPU_TYPE = "gpu_type"
    IMAGES = "images"
    STEP_ENVIRONMENT = "step_environment"
    SECRETS = "secrets"
    SECRETS_FROM_ENVIRONMENT = "secrets_from_environment"
    STEP_RETRIES = "step_retries"
    STEP_TIMEOUT = "step_timeout"
    FAIL_FAST = "fail_fast"
    STOP_ON_FAILURE = "stop_on_failure"
    CONTINUE_ON_FAILURE = "continue_on_failure"
    SCHEDULE_CRON = "schedule_cron"
    SCHEDULE_INTERVAL = "schedule_interval"
    SCHEDULE_ONCE = "schedule_once"
    SCHEDULE_TIMEZONE = "schedule_timezone"
    SCHEDULE_START = "schedule_start"
    SCHEDULE_END = "schedule_end"
    SCHEDULE_CATCHUP = "schedule_catchup"
    SCHEDULE_MAX_CONCURRENT_RUNS = "schedule_max_concurrent_runs"
    SCHEDULE_MANAGEMENT = "schedule_management"
    RUN_STATUS = "run_status"
    STEP_STATUS = "step_status"
    STOP = "stop"
    STOP_GRACEFUL = "stop_graceful"
    LOGS = "logs"
    FIND_RUN = "find_run"
    LIST_EXECUTIONS = "list_executions"


class Level(StrEnum):
    FULL = "full"
    EMULATED = "emulated"
    MISSING = "missing"
    IMPOSSIBLE = "impossible"


@dataclass(frozen=True, slots=True)
class Support:
    """How far a flavor goes; `reason` is shown to people, `source` cites the vendor."""

    level: Level
    reason: str = ""
    source: str = ""

    def __bool__(self) -> bool:
        return self.level in {Level.FULL, Level.EMULATED}

    def describe(self) -> str:
        cited = f" [{self.source}]" if self.source else ""
        return f"{self.reason}{cited}" if self.reason else self.level.value


FULL: Final = Support(Level.FULL)


def EMULATED(how: str) -> Support:  # noqa: N802 -- reads as the constant it stands beside
    """It works, by our doing rather than the backend's; `how` says what differs."""
    return Support(Level.EMULATED, how)


def no(reason: str) -> Support:
    """We have not built it yet; the backend could."""
    return Support(Level.MISSING, reason)


def cannot(reason: str, source: str) -> Support:
    """The backend cannot; `source` is where its vendor says so."""
    return Support(Level.IMPOSSIBLE, reason, source)
