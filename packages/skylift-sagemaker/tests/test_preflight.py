from __future__ import annotations

from typing import Any

import pytest
from skylift_sagemaker_snapshots import IMAGE, ROLE, snapshot_of, step

from skylift_contract.containers import image_of
from skylift_contract.errors import ConfigurationError, UnknownName
from skylift_contract.refusals import Refused
from skylift_contract.resource_settings import ResourceSettings
from skylift_contract.schedule import Schedule
from skylift_contract.settings import DockerSettings
from skylift_contract.stack import ArtifactStore
from skylift_sagemaker.config import KEY, SagemakerOrchestratorConfig
from skylift_sagemaker.preflight import bucket_of, check_image, check_snapshot


def config(**options: Any) -> SagemakerOrchestratorConfig:
    return SagemakerOrchestratorConfig.parse({"execution_role": ROLE, **options})


@pytest.mark.parametrize(
    "image",
    [
        IMAGE,
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/a/b@sha256:" + "0" * 64,
        "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/a:1",
        "123456789012.dkr-ecr.eu-west-1.on.aws/a:1",
    ],
)
def test_images_of_ecr_are_pulled(image: str) -> None:
    check_image(DockerSettings(image=image), image, config(), "step 'a'")


@pytest.mark.parametrize(
    "image",
    ["python:3.11-slim", "library/python:3.11", "public.ecr.aws/docker/library/python:3.11", "ghcr.io/a/b:1"],
)
def test_other_images_are_refused_with_the_way_out(image: str) -> None:
    expected = r"^step 'a': SageMaker pulls images from private repositories of ECR \(got .+\)\. Name one with Python, skylift and "
    with pytest.raises(ConfigurationError, match=expected):
        check_image(DockerSettings(), image, config(), "step 'a'")


def test_what_would_have_to_be_built_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"^step 'a', DockerSettings: .+ push it to ECR"):
        check_image(DockerSettings(apt_packages=("libgomp1",)), IMAGE, config(), "step 'a'")


def test_requirements_are_installed_in_an_image_that_jobs_pull() -> None:
    asked = DockerSettings(requirements=("pandas",))
    check_image(asked, IMAGE, config(), "step 'a'")
    with pytest.raises(ConfigurationError, match=r"in which the rest is installed at each start"):
        check_image(asked, "python:3.11-slim", config(), "step 'a'")


def test_a_dynamic_pipelines_own_image_is_checked() -> None:
    snapshot = snapshot_of(dynamic=True).model_copy(update={"images": {}})
    with pytest.raises(
        ConfigurationError,
        match=r"^pipeline 'daily': SageMaker pulls images from private repositories of ECR",
    ):
        check_snapshot(snapshot, config(), lambda asked: image_of(snapshot, asked))


def test_a_schedule_that_cannot_be_said_is_refused_first() -> None:
    snapshot = snapshot_of(step("load"), schedule=Schedule(cron_expression="0 0 1 * mon"))
    with pytest.raises(
        ConfigurationError, match=r"cannot restrict the day of the month and the day of the week"
    ):
        check_snapshot(snapshot, config(), lambda asked: image_of(snapshot, asked))


def test_a_machine_is_checked_before_the_cache_is_asked() -> None:
    """A run of cached steps compiles nothing."""
    asking = {"settings": {KEY: {"instance_type": "m5.large"}}}
    expected = r"^step 'load': there is no instance type named 'm5\.large'\. Did you mean 'ml\.m5\.large'\?$"
    snapshot = snapshot_of(step("load", **asking))
    with pytest.raises(UnknownName, match=expected):
        check_snapshot(snapshot, config(), lambda asked: image_of(snapshot, asked))


def test_a_dynamic_pipeline_and_its_isolated_steps_have_machines_and_others_have_none() -> None:
    large = ResourceSettings(cpu_count=1000)
    inline, isolated = (
        step("a", resource_settings=large),
        step("b", resource_settings=large, runtime="isolated"),
    )
    for snapshot, who in (
        (snapshot_of(inline, isolated, dynamic=True), "step 'b'"),
        (snapshot_of(dynamic=True, resource_settings=large), "pipeline 'daily'"),
    ):
        with pytest.raises(
            ConfigurationError, match=rf"^{who}: no instance type for processing jobs has 1000 "
        ):
            check_snapshot(snapshot, config(), lambda _: IMAGE)
    check_snapshot(snapshot_of(inline, dynamic=True), config(), lambda _: IMAGE)


@pytest.mark.parametrize(
    ("store", "options", "bucket"),
    [
        ("s3://churn/a/b", {}, "churn"),
        ("s3://churn", {}, "churn"),
        ("s3://churn/a", {"bucket": "another"}, "another"),
        ("gs://churn/a", {}, ""),
        ("file:///tmp/store", {}, ""),
    ],
)
def test_a_bucket_is_the_configured_one_or_the_stores(
    store: str, options: dict[str, Any], bucket: str
) -> None:
    assert bucket_of(config(**options), ArtifactStore(store)) == bucket


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = snapshot_of(
        step("load", docker_settings=DockerSettings(apt_packages=("git",))),
        step("train", resource_settings=ResourceSettings(cpu_count=1000)),
        schedule=Schedule(cron_expression="0 2 * * *"),
    )
    expected = r"^flavor 'sagemaker': it cannot run this pipeline, for 3 reasons:"
    with pytest.raises(Refused, match=expected) as caught:
        check_snapshot(wrong, config(), lambda _: IMAGE)
    assert [line.partition(":")[0] for line in caught.value.reasons] == [
        "step 'load', DockerSettings",
        "step 'train'",
        "SagemakerOrchestratorConfig.scheduler_role",
    ]
