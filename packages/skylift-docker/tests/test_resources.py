from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.errors import ConfigurationError, LimitExceeded
from skylift_contract.resource_settings import ResourceSettings
from skylift_contract.snapshot import Step, StepConfig, StepSpec
from skylift_docker.resources import MEMORY, NANO, Engine, check_minimum, limits, too_much


def asking(**resources: object) -> dict[str, Step]:
    found = ResourceSettings.parse(resources)
    spec = StepSpec(invocation_id="train", source="flow:train")
    return {"train": Step(spec=spec, config=StepConfig(name="train", resource_settings=found))}


def test_nothing_asked_is_nothing_limited() -> None:
    assert limits(ResourceSettings()) == {}
    assert limits(ResourceSettings(gpu_count=0)) == {}


def test_what_is_asked_becomes_the_engines_limits() -> None:
    assert limits(ResourceSettings(cpu_count=1.5, memory="1GiB", gpu_count=2)) == {
        "nano_cpus": 1_500_000_000,
        "mem_limit": 1024**3,
        "memswap_limit": 1024**3,
        "device_requests": [{"count": 2, "capabilities": [["gpu"]]}],
    }


@given(st.floats(0.001, 512))
def test_cpus_are_kept_to_a_billionth(cpus: float) -> None:
    assert abs(limits(ResourceSettings(cpu_count=cpus))["nano_cpus"] / NANO - cpus) < 1e-9


@given(st.integers(1, 2 * int(MEMORY.minimum)))
def test_memory_has_a_minimum(count: int) -> None:
    if count >= MEMORY.minimum:
        check_minimum(asking(memory=f"{count}B"))
        return
    with pytest.raises(LimitExceeded, match=r"^step 'train', memory: it is below the limit \(got "):
        check_minimum(asking(memory=f"{count}B"))


def said(engine: Engine, **resources: object) -> list[str]:
    return [str(one) for one in too_much("step 'train'", ResourceSettings.parse(resources), engine)]


@given(st.integers(1, 64), st.floats(0.1, 64), st.integers(10**7, 10**12), st.integers(10**7, 10**12))
def test_what_the_machine_has_not_is_refused(cpus: int, asked: float, memory: int, wanted: int) -> None:
    found = said(Engine(cpus, memory), cpu_count=asked, memory=f"{wanted}B")
    assert len(found) == (asked > cpus or wanted > memory)
    assert all(one.startswith("step 'train': the Docker Engine's machine has only ") for one in found)


def test_all_that_is_lacking_is_said_at_once() -> None:
    assert said(Engine(2, 8 * 1024**3), cpu_count=4, memory="16GiB") == [
        (
            "step 'train': the Docker Engine's machine has only 2 CPUs (4 asked), 8.0 GiB of memory (16GiB asked). Ask "
            "for less, give Docker more of its machine, or choose a flavor with larger ones."
        )
    ]


def test_less_of_a_cpu_than_an_engine_gives_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"cpu_count: a Docker Engine gives no container so little"):
        check_minimum(asking(cpu_count=0.009))
    check_minimum(asking(cpu_count=0.01))
