"""What a snapshot uses, held against what a flavor declares, before anything is compiled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from skylift_contract.capability import Capability, Level, Support, no
from skylift_contract.closest_cron import closest_cron
from skylift_contract.enums import ExecutionMode
from skylift_contract.errors import UnsupportedCapability

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from skylift_contract.schedule import Schedule
    from skylift_contract.snapshot import PipelineSnapshot, Step

FROM_ENVIRONMENT: Final = "env:"
"""How a reference to a secret begins that names an environment variable."""

UNDECLARED = no("the flavor does not declare it")

ESSENTIAL: Final = frozenset(
    {
        *(Capability.STATIC_PIPELINES, Capability.DYNAMIC_PIPELINES),
        *(Capability.SCHEDULE_CRON, Capability.SCHEDULE_INTERVAL, Capability.SCHEDULE_ONCE),
    }
)
"""Without these nothing of what was asked for would be left, so they cannot be gone without."""

_MODES = {
    ExecutionMode.FAIL_FAST: Capability.FAIL_FAST,
    ExecutionMode.STOP_ON_FAILURE: Capability.STOP_ON_FAILURE,
    ExecutionMode.CONTINUE_ON_FAILURE: Capability.CONTINUE_ON_FAILURE,
}


@dataclass(frozen=True, slots=True)
class Use:
    """One capability, who uses it, and what was written there."""

    capability: Capability
    who: str


def check(
    snapshot: PipelineSnapshot,
    flavor: str,
    capabilities: Mapping[Capability, Support],
    degraded: Collection[Capability] = (),
) -> tuple[str, ...]:
    """Return a note for each refusal that the user chose to accept.

    Raises `UnsupportedCapability` with every other refusal at once.
    """
    refusals: dict[str, Capability] = {}
    notes: list[str] = []
    for use in dict.fromkeys(uses(snapshot)):
        support = capabilities.get(use.capability, UNDECLARED)
        if support:
            continue
        sentence = f"{use.who} uses {use.capability.value}: {support.describe()}"
        if use.capability in degraded and use.capability not in ESSENTIAL:
            notes.append(sentence)
        else:
            refusals[sentence + _in_cron(use, snapshot.schedule, capabilities)] = use.capability
    if refusals:
        raise UnsupportedCapability(flavor, list(refusals), fix=_way_out(refusals.values()))
    return tuple(notes)


def _in_cron(use: Use, schedule: Schedule | None, capabilities: Mapping[Capability, Support]) -> str:
    """What to write instead, where a flavor's schedules are cron alone."""
    is_other = use.capability in {Capability.SCHEDULE_INTERVAL, Capability.SCHEDULE_ONCE}
    if schedule is None or not is_other or not capabilities.get(Capability.SCHEDULE_CRON, UNDECLARED):
        return ""
    return f"; the closest is {closest_cron(schedule)}"


def _way_out(refused: Collection[Capability]) -> str:
    """Accepting is offered for what may be accepted."""
    names = [capability.value for capability in dict.fromkeys(refused) if capability not in ESSENTIAL]
    if not names:
        return "Leave it out, or choose another flavor."
    what = "it" if len(names) == len(set(refused)) else " and ".join(names)
    return f"Leave it out, choose another flavor, or accept {what} with --allow-degraded."


def emulations(snapshot: PipelineSnapshot, capabilities: Mapping[Capability, Support]) -> tuple[str, ...]:
    """A note for each thing that steps ask for and the flavor does in its own way, saying how."""
    users: dict[Capability, list[str]] = {}
    for use in (use for step in snapshot.steps for use in _step_uses(step)):
        if capabilities.get(use.capability, UNDECLARED).level is Level.EMULATED:
            users.setdefault(use.capability, []).append(use.who.removeprefix("step "))
    return tuple(
        f"{capability.value} of {_few(who)}: {capabilities[capability].reason}"
        for capability, who in users.items()
    )


def _few(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{', '.join(names[:3])} and {len(names) - 3} more"


def uses(snapshot: PipelineSnapshot) -> Iterator[Use]:
    """Every capability that running this snapshot needs, with the place that asks for it."""
    pipeline = f"pipeline {snapshot.name!r}"
    kind = Capability.DYNAMIC_PIPELINES if snapshot.is_dynamic else Capability.STATIC_PIPELINES
    yield Use(kind, pipeline)
    yield Use(_MODES[snapshot.pipeline_configuration.execution_mode], pipeline)
    secrets = snapshot.pipeline_configuration.secrets
    if secrets:
        yield Use(Capability.SECRETS, pipeline)
    if _from_environment(secrets):
        yield Use(Capability.SECRETS_FROM_ENVIRONMENT, pipeline)
    if snapshot.schedule is not None:
        yield from _schedule_uses(snapshot.schedule, f"the schedule of {pipeline}")
    for step in snapshot.steps:
        yield from _step_uses(step)


def _schedule_uses(schedule: Schedule, who: str) -> Iterator[Use]:
    asked = {
        Capability.SCHEDULE_CRON: schedule.cron_expression,
        Capability.SCHEDULE_INTERVAL: schedule.interval_second,
        Capability.SCHEDULE_ONCE: schedule.run_once_start_time,
        Capability.SCHEDULE_TIMEZONE: schedule.timezone != "UTC",
        Capability.SCHEDULE_START: schedule.start_time,
        Capability.SCHEDULE_END: schedule.end_time,
        Capability.SCHEDULE_CATCHUP: schedule.catchup,
        Capability.SCHEDULE_MAX_CONCURRENT_RUNS: schedule.max_concurrent_runs,
    }
    return (Use(capability, who) for capability, value in asked.items() if value)


def _step_uses(step: Step) -> Iterator[Use]:
    config, resources = step.config, step.config.resource_settings
    asked = {
        Capability.CPU: resources.cpu_count,
        Capability.MEMORY: resources.memory,
        Capability.GPU: resources.gpu_count,
        Capability.GPU_TYPE: resources.gpu_type,
        Capability.IMAGES: not config.docker_settings.is_empty,
        Capability.STEP_ENVIRONMENT: config.environment,
        Capability.SECRETS: config.secrets,
        Capability.SECRETS_FROM_ENVIRONMENT: _from_environment(config.secrets),
        Capability.STEP_RETRIES: config.retry and config.retry.max_retries,
        Capability.STEP_TIMEOUT: config.timeout,
        Capability.ISOLATED_STEPS: config.runtime == "isolated",
    }
    who = f"step {step.spec.invocation_id!r}"
    return (Use(capability, who) for capability, value in asked.items() if value)


def _from_environment(secrets: Mapping[str, str]) -> bool:
    """Whether one is to be read from the environment of whoever submits."""
    return any(reference.startswith(FROM_ENVIRONMENT) for reference in secrets.values())
