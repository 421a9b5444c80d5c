from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skylift_sagemaker_model import is_older, shapes

from skylift_contract.errors import ConfigurationError, UnknownName
from skylift_contract.resource_settings import ResourceSettings
from skylift_sagemaker.instances import instances
from skylift_sagemaker.resources import GIB, choose, fits

JOBS = {"processing": "ProcessingInstanceType", "training": "TrainingInstanceType"}
DEFAULT = "ml.m5.large"


def chosen(asked: ResourceSettings, *, explicit: str | None = None, job: str = "processing") -> str:
    return choose(asked, explicit, DEFAULT, job, "step 'train'")


@cache
def taken(job: str) -> frozenset[str]:
    return frozenset(shapes()[JOBS[job]]["enum"])


@pytest.mark.skipif(is_older(), reason="this botocore is older than the table of instances")
@pytest.mark.parametrize("job", JOBS)
def test_every_instance_is_one_that_the_service_takes(job: str) -> None:
    assert {one.name for one in instances().values() if job in one.jobs} <= taken(job)


def test_a_step_that_asks_for_nothing_has_the_orchestrators() -> None:
    assert chosen(ResourceSettings()) == DEFAULT


@given(
    st.fixed_dictionaries(
        {
            "cpu_count": st.none() | st.floats(0.1, 100),
            "memory": st.none() | st.integers(1, 800).map(lambda n: f"{n}GiB"),
            "gpu_count": st.none() | st.integers(0, 9),
        }
    ),
    st.sampled_from(sorted(JOBS)),
)
def test_it_is_the_smallest_that_fits(asked: dict[str, Any], job: str) -> None:
    wanted = ResourceSettings.parse(asked)
    if wanted.empty:
        return
    able = [
        one
        for one in instances().values()
        if job in one.jobs
        and not one.is_special
        and one.vcpu >= (wanted.cpu_count or 0)
        and one.memory_gib >= (wanted.memory_bytes or 0) / GIB
        and (one.gpus == 0 if wanted.gpu_count == 0 else one.gpus >= (wanted.gpu_count or 0))
    ]
    if not able:
        with pytest.raises(ConfigurationError, match=rf"^step 'train': no instance type for {job} jobs has "):
            chosen(wanted, job=job)
        return
    found = instances()[chosen(wanted, job=job)]
    assert found in able
    fewest = min((one.gpus, one.vcpu, one.memory_gib) for one in able)
    assert (found.gpus, found.vcpu, found.memory_gib) == fewest


@given(st.floats(0.1, 150), st.floats(0.1, 150))
def test_more_is_never_less(one: float, other: float) -> None:
    low, high = sorted((one, other))
    small, large = (instances()[chosen(ResourceSettings(cpu_count=n))] for n in (low, high))
    assert small.vcpu <= large.vcpu


def test_current_generations_come_before_old_ones() -> None:
    found = chosen(ResourceSettings(cpu_count=4, memory="16GiB"))
    old = instances()["ml.m4.xlarge"]
    assert (old.vcpu, old.memory_gib) == (4, 16)
    assert instances()[found].generation > old.generation


def test_a_kind_of_gpu_is_that_kind() -> None:
    found = chosen(ResourceSettings(gpu_count=1, gpu_type="t4"), job="training")
    assert instances()[found].gpu == "T4"


def test_what_nothing_has_is_refused_with_the_nearest() -> None:
    expected = (
        r"^step 'train': no instance type for processing jobs has 1000 CPUs, 8GB of memory\. "
        r"The nearest: ml\.\S+ \(\d+ vCPU, \S+ GiB.*\)\.$"
    )
    with pytest.raises(ConfigurationError, match=expected):
        chosen(ResourceSettings(cpu_count=1000, memory="8GB"))


def test_an_instance_that_contradicts_the_resources_is_refused() -> None:
    expected = (
        r"^step 'train': its resources ask for 8 CPUs, and its instance type is ml\.m5\.large "
        r"\(2 vCPU, 8 GiB\)\. Leave out the instance_type, or the resources\.$"
    )
    with pytest.raises(ConfigurationError, match=expected):
        chosen(ResourceSettings(cpu_count=8), explicit="ml.m5.large")


def test_an_instance_that_has_what_is_asked_is_taken() -> None:
    assert chosen(ResourceSettings(cpu_count=2), explicit="ml.m5.24xlarge") == "ml.m5.24xlarge"
    assert fits(instances()["ml.m5.24xlarge"], ResourceSettings(cpu_count=2))


def test_an_unknown_instance_is_refused_with_the_nearest_name() -> None:
    expected = (
        r"^step 'train': there is no instance type named 'ml\.m5\.larg'\. Did you mean 'ml\.m5\.large'\?$"
    )
    with pytest.raises(UnknownName, match=expected):
        chosen(ResourceSettings(), explicit="ml.m5.larg")


def test_an_instance_of_another_kind_of_job_is_refused() -> None:
    only = next(one for one in instances().values() if set(one.jobs) == {"training"})
    with pytest.raises(
        ConfigurationError, match=r"^step 'train': processing jobs do not take this instance type "
    ):
        chosen(ResourceSettings(), explicit=only.name)
