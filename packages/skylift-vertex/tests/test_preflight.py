from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from skylift_vertex_snapshots import IMAGE, config_of, snapshot_of, step

from skylift_contract.errors import ConfigurationError, LimitExceeded, SkyliftError
from skylift_contract.refusals import Refused
from skylift_contract.resource_settings import ResourceSettings
from skylift_contract.schedule import Schedule
from skylift_contract.settings import DockerSettings
from skylift_contract.snapshot import PipelineSnapshot
from skylift_vertex.preflight import check_snapshot

NIGHTLY = Schedule(cron_expression="0 2 * * *")
SPOT: dict[str, Any] = {"orchestrator.vertex": {"use_spot": True}}


def look(snapshot: PipelineSnapshot, **options: Any) -> None:
    check_snapshot(snapshot, config_of(**options))


@pytest.mark.parametrize("schedule", [None, NIGHTLY])
@pytest.mark.parametrize("dynamic", [False, True])
def test_a_fine_snapshot_is_taken(schedule: Schedule | None, dynamic: bool) -> None:
    look(snapshot_of(step("load"), schedule=schedule, dynamic=dynamic))


def test_jobs_of_their_own_have_settings() -> None:
    look(snapshot_of(step("load", settings=SPOT), dynamic=True, settings=SPOT))


@pytest.mark.parametrize(
    ("snapshot", "kind", "sentence"),
    [
        (
            snapshot_of(step("load", resource_settings=ResourceSettings(cpu_count=97))),
            LimitExceeded,
            r"^step 'load', cpu_count: it is over the limit \(got 97\.0, limit: at most 96 CPUs\)",
        ),
        (
            snapshot_of(step("load", resource_settings=ResourceSettings(gpu_count=1, gpu_type="RTX"))),
            ConfigurationError,
            r"^step 'load': there is no accelerator type named 'RTX'\.",
        ),
        (
            snapshot_of(step("load", settings=SPOT)),
            ConfigurationError,
            (
                r"^step 'load', settings\[\"orchestrator\.vertex\"\]: a step of a static or scheduled pipeline cannot "
                r"be given it on Vertex AI \(got 'use_spot'\)\. Leave it out; what the step needs, say as Resource"
            ),
        ),
        (
            snapshot_of(dynamic=True, schedule=NIGHTLY, settings=SPOT),
            ConfigurationError,
            r"^pipeline 'daily', settings\[\"orchestrator\.vertex\"\]: a step of a static or scheduled pipeline",
        ),
        (
            snapshot_of(dynamic=True, schedule=NIGHTLY, resource_settings=ResourceSettings(memory="700GB")),
            LimitExceeded,
            r"^pipeline 'daily', memory: it is over the limit \(got 700\.0",
        ),
        (
            snapshot_of(step("load", timeout=timedelta(days=8))),
            ConfigurationError,
            r"^step 'load': its job is ended before its own timeout \(got '8 days, 0:00:00', limit: 604800 seconds\)",
        ),
        (
            snapshot_of(step("load", timeout=timedelta(hours=2)), dynamic=True),
            ConfigurationError,
            (
                r"^step 'load': its job is ended before its own timeout \(got '2:00:00', limit: 3600 seconds\)\. "
                r"Lower it; of an isolated step's job, raise max_runtime_s\.$"
            ),
        ),
        (
            snapshot_of(step("load", resource_settings=ResourceSettings(cpu_count=500)), dynamic=True),
            ConfigurationError,
            r"^step 'load': no machine type has 500 CPUs\. The nearest: ",
        ),
    ],
)
def test_what_could_not_run_is_refused(
    snapshot: PipelineSnapshot, kind: type[SkyliftError], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        look(snapshot, max_runtime_s=3600)


def test_an_image_that_has_to_be_built_is_refused() -> None:
    asked = DockerSettings(apt_packages=("git",))
    for dynamic in (False, True):
        with pytest.raises(
            ConfigurationError, match=r"^step 'load', DockerSettings: .+ push it to Artifact Reg"
        ):
            look(snapshot_of(step("load", docker_settings=asked), dynamic=dynamic))
    with pytest.raises(ConfigurationError, match=r"^pipeline 'daily', DockerSettings: "):
        look(snapshot_of(step("load"), dynamic=True, docker_settings=asked))


def test_requirements_and_a_plain_python_are_taken() -> None:
    asked = DockerSettings(requirements=("numpy",))
    look(snapshot_of(step("load", docker_settings=asked)).model_copy(update={"images": {}}))


def test_any_registrys_image_will_do() -> None:
    for image in (IMAGE, "docker.io/library/mine:1", "ghcr.io/me/mine:1"):
        look(snapshot_of(step("load")).model_copy(update={"images": {"load": image}}))


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = snapshot_of(
        step("load", docker_settings=DockerSettings(apt_packages=("git",))),
        step("train", resource_settings=ResourceSettings(cpu_count=97)),
        step("test", resource_settings=ResourceSettings(gpu_count=1, gpu_type="RTX"), settings=SPOT),
    )
    with pytest.raises(
        Refused, match=r"^flavor 'vertex': it cannot run this pipeline, for 4 reasons:"
    ) as caught:
        look(wrong)
    assert [line[:11] for line in caught.value.reasons] == [
        "step 'load'",
        "step 'train",
        "step 'test'",
        "step 'test'",
    ]
