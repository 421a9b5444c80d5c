"""No field of a snapshot can change unseen, and nothing is said of what has not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skylift_tests_support.runs import make_snapshot, make_step

from skylift.comparison import Change, compare, compare_files, not_compared
from skylift_contract.enums import ExecutionMode
from skylift_contract.resource_settings import ResourceSettings
from skylift_contract.schedule import Schedule
from skylift_contract.settings import CachePolicy, DockerSettings, StepRetryConfig
from skylift_contract.snapshot import (
    Binding,
    InputSource,
    OrchestratorSource,
    OutputSpec,
    PipelineConfiguration,
    PipelineSnapshot,
    SnapshotRuntime,
    StepConfig,
    StepDefaults,
    StepSpec,
)

BASE = make_snapshot(make_step("a"), make_step("b", inputs={"value": "a"}))


def changed_step(**fields: Any) -> PipelineSnapshot:
    first, second = BASE.steps
    spec = {name: fields.pop(name) for name in list(fields) if name in StepSpec.model_fields}
    second = second.model_copy(
        update={
            "spec": second.spec.model_copy(update=spec),
            "config": second.config.model_copy(update=fields),
        }
    )
    return BASE.model_copy(update={"steps": (first, second)})


STEP_FIELDS: dict[str, tuple[Any, str]] = {
    "source": ("other:thing", "source"),
    "upstream_steps": ((), "after"),
    "inputs": ({"value": InputSource(invocation="a", output="score")}, "input.value"),
    "name": ("c", "name"),
    "parameters": ({"depth": {"x": 1}}, "parameter.depth.x"),
    "outputs": ((OutputSpec(name="model", annotation="int"),), "output.model"),
    "resource_settings": (ResourceSettings(memory="8GB"), "resources.memory"),
    "docker_settings": (DockerSettings(image="i"), "docker.image"),
    "settings": ({"orchestrator.x": {"queue": "fast"}}, "settings.orchestrator.x.queue"),
    "retry": (StepRetryConfig(max_retries=2), "retry.max_retries"),
    "timeout": (timedelta(minutes=2), "timeout"),
    "environment": ({"A": "1"}, "environment.A"),
    "secrets": ({"S": "env:S"}, "secrets.S"),
    "occurrence": (1, "occurrence"),
    "cache_policy": (CachePolicy(source=False), "cache_policy.source"),
    "enable_cache": (False, "cache"),
    "on_failure": ("m:f", "on_failure"),
    "on_success": ("m:f", "on_success"),
    "runtime": ("isolated", "runtime"),
}


def test_every_field_of_a_step_is_here() -> None:
    assert STEP_FIELDS.keys() == {*StepSpec.model_fields, *StepConfig.model_fields} - {"invocation_id"}


@pytest.mark.parametrize("field", STEP_FIELDS)
def test_a_field_of_a_step_that_changes_is_seen(field: str) -> None:
    value, called = STEP_FIELDS[field]
    found = list(compare(BASE, changed_step(**{field: value})))
    assert {(change.group, change.step) for change in found} == {("step", "b")}
    assert called in [change.field for change in found]


CONFIGURATION: dict[str, Any] = {
    "name": "other",
    "source": "other:thing",
    "parameters": {"a": 1},
    "settings": {"orchestrator.x": {"a": 1}},
    "environment": {"A": "1"},
    "secrets": {"S": "env:S"},
    "execution_mode": ExecutionMode.FAIL_FAST,
    "dynamic": True,
    "tags": ("t",),
    "on_failure": "m:f",
    "on_success": "m:f",
    "docker_settings": DockerSettings(image="i"),
    "resource_settings": ResourceSettings(cpu_count=2),
    "max_concurrent_steps": 2,
    "step_defaults": StepDefaults(enable_cache=False),
    "isolated_steps": ("train",),
    "step_secrets": ("env:PASSWORD",),
}


def test_every_field_of_a_pipeline_is_here() -> None:
    assert CONFIGURATION.keys() == set(PipelineConfiguration.model_fields)


@pytest.mark.parametrize("field", CONFIGURATION)
def test_a_field_of_the_pipeline_that_changes_is_seen(field: str) -> None:
    configuration = BASE.pipeline_configuration.model_copy(update={field: CONFIGURATION[field]})
    found = list(compare(BASE, BASE.model_copy(update={"pipeline_configuration": configuration})))
    assert {change.group for change in found} == {"pipeline"}


@pytest.mark.parametrize("field", SnapshotRuntime.model_fields)
def test_a_field_of_the_backend_that_changes_is_seen(field: str) -> None:
    source = OrchestratorSource(implementation="m:C", config_class="m:D")
    value: Any = {"run_id_sources": (), "orchestrator": source}.get(field, "other")
    runtime = BASE.runtime.model_copy(update={field: value})
    found = list(compare(BASE, BASE.model_copy(update={"runtime": runtime})))
    assert {change.group for change in found} == {"backend"}


@pytest.mark.parametrize(
    ("field", "value", "group"),
    [
        ("project", "other", "pipeline"),
        ("images", {"a": "i@sha256:1"}, "backend"),
        ("locks", {"linux/amd64\nnumpy": ("numpy==2.0",)}, "backend"),
        ("schedule", Schedule(cron_expression="0 2 * * *"), "schedule"),
    ],
)
def test_what_else_a_snapshot_has(field: str, value: Any, group: str) -> None:
    submitted = BASE.model_copy(update={"images": {"b": "i@sha256:0"}})
    found = list(compare(submitted, submitted.model_copy(update={field: value})))
    assert {change.group for change in found} == {group}


def test_what_only_a_submission_finds_out_is_no_difference_of_a_plan() -> None:
    found_out = {"images": {"a": "i@sha256:1"}, "locks": {"linux/amd64\nnumpy": ("numpy==2.0",)}}
    assert list(compare(BASE.model_copy(update=found_out), BASE)) == []


def test_steps_that_come_and_go() -> None:
    other = make_snapshot(make_step("a"), make_step("c"))
    nothing = "skylift_tests_support.steps:nothing"
    assert list(compare(BASE, other)) == [
        Change("step", "", None, nothing, "c"),
        Change("step", "", nothing, None, "b"),
    ]


def test_a_step_that_was_bound_is_no_new_one() -> None:
    bound = make_snapshot(make_step("a"), bindings={"b": Binding(run_id="r", step_name="b", outputs={})})
    assert list(compare(bound, BASE)) == []
    assert not_compared(bound, BASE) == ("b",)


@pytest.mark.parametrize(("before", "after"), [(1, 1.0), (1, True), (0, False), ("1", 1)])
def test_values_that_python_calls_equal_are_other_parameters(before: Any, after: Any) -> None:
    found = list(compare(changed_step(parameters={"x": before}), changed_step(parameters={"x": after})))
    assert found == [Change("step", "parameter.x", before, after, "b")]


@given(
    before=st.dictionaries(st.text("ab", min_size=1, max_size=2), st.text("12", max_size=1)),
    after=st.dictionaries(st.text("ab", min_size=1, max_size=2), st.text("12", max_size=1)),
)
def test_files_patch_one_source_into_the_other(before: dict[str, str], after: dict[str, str]) -> None:
    patched = dict(before)
    for change in compare_files(before, after):
        if change.kind == "removed":
            assert patched.pop(change.field) == change.before
        else:
            assert (change.kind == "added") == (change.field not in patched)
            patched[change.field] = change.after
    assert patched == after
