from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.capability import EMULATED, FULL, Capability, cannot, no
from skylift_contract.check import check, emulations, uses
from skylift_contract.enums import ExecutionMode
from skylift_contract.errors import UnsupportedCapability
from skylift_contract.resource_settings import ResourceSettings
from skylift_contract.schedule import Schedule
from skylift_contract.settings import DockerSettings, StepRetryConfig
from skylift_contract.snapshot import (
    PipelineConfiguration,
    PipelineSnapshot,
    SnapshotRuntime,
    Step,
    StepConfig,
    StepSpec,
)

EVERYTHING = dict.fromkeys(Capability, FULL)
PLAIN = {Capability.STATIC_PIPELINES, Capability.CONTINUE_ON_FAILURE}


def snapshot(
    schedule: Schedule | None = None, pipeline: dict[str, Any] | None = None, **step: Any
) -> PipelineSnapshot:
    return PipelineSnapshot(
        project="p",
        pipeline_configuration=PipelineConfiguration(name="p", source="m:p", **(pipeline or {})),
        steps=(
            Step(spec=StepSpec(invocation_id="train", source="m:f"), config=StepConfig(name="train", **step)),
        ),
        schedule=schedule,
        runtime=SnapshotRuntime(flavor="f", python="3.11", skylift="0"),
    )


STEP_USES: dict[Capability, dict[str, Any]] = {
    Capability.CPU: {"resource_settings": ResourceSettings(cpu_count=1)},
    Capability.MEMORY: {"resource_settings": ResourceSettings(memory="1GB")},
    Capability.GPU: {"resource_settings": ResourceSettings(gpu_count=1)},
    Capability.IMAGES: {"docker_settings": DockerSettings(image="i")},
    Capability.STEP_ENVIRONMENT: {"environment": {"A": "1"}},
    Capability.SECRETS: {"secrets": {"TOKEN": "aws-sm:token"}},
    Capability.STEP_RETRIES: {"retry": StepRetryConfig(max_retries=1)},
    Capability.STEP_TIMEOUT: {"timeout": timedelta(seconds=1)},
    Capability.ISOLATED_STEPS: {"runtime": "isolated"},
}


@pytest.mark.parametrize("capability", list(STEP_USES))
def test_what_a_step_asks_for_is_a_use(capability: Capability) -> None:
    found = {use.capability: use.who for use in uses(snapshot(**STEP_USES[capability]))}
    assert found.keys() == PLAIN | {capability}
    assert found[capability] == "step 'train'"


@pytest.mark.parametrize(
    ("references", "is_used"),
    [({"A": "aws-sm:a"}, False), ({"A": "aws-sm:a", "B": "env:B"}, True), ({"A": "environment:A"}, False)],
)
def test_the_environment_of_who_submits_is_a_use_of_its_own(
    references: dict[str, str], is_used: bool
) -> None:
    for found in (snapshot(secrets=references), snapshot(pipeline={"secrets": references})):
        used = {use.capability for use in uses(found)}
        assert Capability.SECRETS in used
        assert (Capability.SECRETS_FROM_ENVIRONMENT in used) is is_used


def test_nothing_asked_for_is_no_use() -> None:
    asked = snapshot(retry=StepRetryConfig(max_retries=0), resource_settings=ResourceSettings(gpu_count=0))
    assert {use.capability for use in uses(asked)} == PLAIN


@pytest.mark.parametrize("mode", list(ExecutionMode))
def test_the_mode_is_a_use(mode: ExecutionMode) -> None:
    found = {use.capability for use in uses(snapshot(pipeline={"execution_mode": mode}))}
    assert Capability(mode.value) in found


START = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (Schedule(cron_expression="0 2 * * *"), {"cron"}),
        (Schedule(cron_expression="0 2 * * *", timezone="Europe/Berlin"), {"cron", "timezone"}),
        (Schedule(interval_second=timedelta(hours=1), start_time=START), {"interval", "start"}),
        (
            Schedule(interval_second=timedelta(hours=1), end_time=START, catchup=True),
            {"interval", "end", "catchup"},
        ),
        (Schedule(run_once_start_time=START), {"once"}),
        (Schedule(cron_expression="0 2 * * *", max_concurrent_runs=1), {"cron", "max_concurrent_runs"}),
    ],
)
def test_each_part_of_a_schedule_is_a_use(schedule: Schedule, expected: set[str]) -> None:
    found = {use.capability for use in uses(snapshot(schedule))}
    assert found == PLAIN | {Capability(f"schedule_{name}") for name in expected}


def test_every_refusal_at_once_with_its_reason() -> None:
    able = EVERYTHING | {
        Capability.STEP_TIMEOUT: no("not built yet"),
        Capability.SECRETS: cannot("it has none", "vendor.example/page"),
    }
    with pytest.raises(UnsupportedCapability) as error:
        check(snapshot(timeout=timedelta(seconds=1), secrets={"A": "aws-sm:a"}), "f", able)
    assert str(error.value) == (
        "flavor 'f': it cannot run this pipeline: step 'train' uses secrets: it has none [vendor.example/page]; "
        "step 'train' uses step_timeout: not built yet. "
        "Leave it out, choose another flavor, or accept it with --allow-degraded."
    )


def test_what_is_not_declared_is_refused() -> None:
    with pytest.raises(UnsupportedCapability, match="the flavor does not declare it"):
        check(snapshot(), "f", {})


def test_a_refusal_that_was_accepted_becomes_a_note() -> None:
    able = EVERYTHING | {Capability.STEP_TIMEOUT: no("not built yet")}
    notes = check(snapshot(timeout=timedelta(seconds=1)), "f", able, {Capability.STEP_TIMEOUT})
    assert notes == ("step 'train' uses step_timeout: not built yet",)


@given(st.sets(st.sampled_from(list(Capability))), st.sets(st.sampled_from(list(STEP_USES))))
def test_it_passes_exactly_when_all_that_is_used_is_there(
    missing: set[Capability], asked: set[Capability]
) -> None:
    step: dict[str, Any] = {}
    resources: dict[str, Any] = {}
    for capability in asked:
        for name, value in STEP_USES[capability].items():
            if name == "resource_settings":
                resources |= value.model_dump(exclude_unset=True)
            else:
                step[name] = value
    found = snapshot(**step, resource_settings=ResourceSettings(**resources))
    able = EVERYTHING | dict.fromkeys(missing, no("x"))
    if missing & (PLAIN | asked):
        with pytest.raises(UnsupportedCapability) as error:
            check(found, "f", able)
        assert len(error.value.refusals) == len(missing & (PLAIN | asked))
    else:
        assert check(found, "f", able) == ()


def test_what_is_emulated_is_said() -> None:
    able = EVERYTHING | {Capability.CPU: EMULATED("checked only")}
    found = snapshot(resource_settings=ResourceSettings(cpu_count=1))
    assert emulations(found, able) == ("cpu of 'train': checked only",)
    assert emulations(found, EVERYTHING) == ()
