from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from skylift_vertex_protos import parsed

from skylift_contract.errors import ConfigurationError, LimitExceeded, SkyliftError
from skylift_contract.resource_settings import ResourceSettings
from skylift_pipelinespec.asked import Accelerator, Resources
from skylift_vertex.machines import machines
from skylift_vertex.resources import limits_of, machine_of

GIB = 1024**3


def limits(**asked: Any) -> Resources:
    return limits_of(ResourceSettings(**asked), "NVIDIA_TESLA_T4", "step 'a'")


def machine(explicit: str | None = None, **asked: Any) -> dict[str, Any]:
    return machine_of(ResourceSettings(**asked), explicit, "e2-standard-4", "NVIDIA_TESLA_T4", "step 'a'")


def test_limits_are_what_was_asked() -> None:
    assert limits() == Resources()
    assert limits(cpu_count=1.5, memory="8GiB") == Resources(1.5, 8 * GIB)
    assert limits(gpu_count=2).accelerator == Accelerator("NVIDIA_TESLA_T4", 2)
    assert limits(gpu_count=1, gpu_type="l4").accelerator == Accelerator("NVIDIA_L4", 1)
    assert limits(gpu_count=0).accelerator is None


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (
            {"cpu_count": 97},
            (
                r"^step 'a', cpu_count: it is over the limit \(got 97\.0, limit: at most 96 CPUs\)\. Give 0 to 96 CPUs "
                r"\(cloud\.google\.com/vertex-ai/docs/pipelines/machine-types\)\.$"
            ),
        ),
        (
            {"memory": "625GB"},
            r"^step 'a', memory: it is over the limit \(got 625\.0, limit: at most 624 GB of memory\)",
        ),
    ],
)
def test_more_than_a_step_may_have_is_refused(asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(LimitExceeded, match=sentence):
        limits(**asked)


def test_the_most_is_taken() -> None:
    assert limits(cpu_count=96, memory="624GB") == Resources(96, 624 * 10**9)


@pytest.mark.parametrize("ask", [limits, machine])
def test_a_number_of_gpus_that_no_machine_has_is_refused(ask: Any) -> None:
    expected = r"^step 'a', gpu_count: no machine has so many GPUs NVIDIA_L4 \(got 3\)\. Ask for one of: 1, 2, 4, 8\.$"
    with pytest.raises(ConfigurationError, match=expected):
        ask(gpu_count=3, gpu_type="L4")


@pytest.mark.parametrize("ask", [limits, machine])
def test_gpus_with_more_beside_them_than_any_machine_has_are_refused(ask: Any) -> None:
    expected = r"^step 'a': no machine type has 96 CPUs, 300GB of memory, 1 GPUs NVIDIA_L4\. The nearest: g2-"
    with pytest.raises(ConfigurationError, match=expected):
        ask(cpu_count=96, memory="300GB", gpu_count=1, gpu_type="L4")


@pytest.mark.parametrize("ask", [limits, machine])
def test_an_accelerator_that_there_is_not_is_refused(ask: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^step 'a': there is no accelerator type named 'RTX_4090'"):
        ask(gpu_count=1, gpu_type="RTX_4090")


@pytest.mark.parametrize(
    ("asked", "spec"),
    [
        ({}, {"machineType": "e2-standard-4"}),
        ({"cpu_count": 1}, {"machineType": "n1-highmem-2"}),
        ({"cpu_count": 8, "memory": "32GiB"}, {"machineType": "e2-standard-8"}),
        (
            {"gpu_count": 1},
            {"machineType": "n1-highmem-2", "acceleratorType": "NVIDIA_TESLA_T4", "acceleratorCount": 1},
        ),
        (
            {"gpu_count": 1, "gpu_type": "L4", "memory": "40GiB"},
            {"machineType": "g2-standard-12", "acceleratorType": "NVIDIA_L4", "acceleratorCount": 1},
        ),
        (
            {"gpu_count": 16, "gpu_type": "A100"},
            {"machineType": "a2-megagpu-16g", "acceleratorType": "NVIDIA_TESLA_A100", "acceleratorCount": 16},
        ),
        ({"memory": "2TB"}, {"machineType": "m1-ultramem-80"}),
    ],
)
def test_the_smallest_machine_that_has_it(asked: dict[str, Any], spec: dict[str, Any]) -> None:
    found = machine(**asked)
    assert found == spec
    assert parsed("MachineSpec", found) == spec


@given(
    st.integers(1, 160),
    st.integers(1, 3844),
    st.sampled_from([None, ("NVIDIA_TESLA_V100", 4), ("NVIDIA_L4", 1), ("NVIDIA_A100_80GB", 8)]),
)
def test_it_has_what_was_asked_and_nothing_smaller_has(
    cpus: int, memory: int, gpu: tuple[str, int] | None
) -> None:
    kind, count = gpu or ("", 0)
    asked: dict[str, Any] = {"cpu_count": cpus, "memory": f"{memory}GiB"}
    if gpu:
        asked |= {"gpu_type": kind, "gpu_count": count}
    able = [
        one
        for one in machines()
        if (one.gpu, one.gpus) == (kind, count) and one.cpus >= cpus and one.memory_gib >= memory
    ]
    if not able:
        with pytest.raises(ConfigurationError, match=r"no machine type has .*\. The nearest: "):
            machine(**asked)
        return
    found = machine(**asked)
    best = min((one.cpus, one.memory_gib) for one in able)
    assert best in {(one.cpus, one.memory_gib) for one in able if one.name == found["machineType"]}


def test_what_no_machine_has_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError) as caught:
        machine(cpu_count=48, gpu_count=1, gpu_type="T4")
    sentence = str(caught.value)
    assert sentence.startswith(
        "step 'a': no machine type has 48 CPUs, 1 GPUs NVIDIA_TESLA_T4. The nearest: n1-"
    )


def test_a_named_machine_has_to_have_it() -> None:
    assert machine("n2-highmem-8", memory="64GiB") == {"machineType": "n2-highmem-8"}
    expected = (
        r"^step 'a': its resources ask for 8GiB of memory, no GPU, which its machine type has not "
        r"\(got 'a2-highgpu-1g'\)\. Leave out the machine_type, or the resources\.$"
    )
    with pytest.raises(ConfigurationError, match=expected):
        machine("a2-highgpu-1g", memory="8GiB", gpu_count=0)


def test_a_named_machine_with_gpus_has_them() -> None:
    assert machine("a2-highgpu-1g") == {
        "machineType": "a2-highgpu-1g",
        "acceleratorType": "NVIDIA_TESLA_A100",
        "acceleratorCount": 1,
    }
    assert machine("n1-standard-8") == {"machineType": "n1-standard-8"}


def test_a_named_machine_that_there_is_not_is_refused() -> None:
    with pytest.raises(SkyliftError, match=r"^step 'a': there is no machine type named 'huge'"):
        machine("huge")
