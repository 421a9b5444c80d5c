from __future__ import annotations

import pytest

from skylift import ResourceSettings
from skylift.local import machine
from skylift_contract.errors import ConfigurationError


@pytest.fixture(autouse=True)
def small_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "cpu_count", lambda: 4)
    monkeypatch.setattr(machine, "memory_bytes", lambda: 8 * 1024**3)
    monkeypatch.setattr(machine, "gpu_count", lambda: 0)


@pytest.mark.parametrize(
    "asked", [ResourceSettings(), ResourceSettings(cpu_count=4, memory="8GiB", gpu_count=0)]
)
def test_what_fits(asked: ResourceSettings) -> None:
    machine.check_resources(asked, "step 'a'")


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (ResourceSettings(cpu_count=4.5), r"4 CPUs \(4\.5 asked\)\. Ask for less, or run"),
        (ResourceSettings(memory="9GiB"), r"8\.0 GiB of memory \(9GiB asked\)\. "),
        (
            ResourceSettings(memory="9GiB", gpu_count=1),
            r"8\.0 GiB of memory \(9GiB asked\), 0 GPUs \(1 asked\)\. ",
        ),
    ],
)
def test_what_the_machine_lacks(asked: ResourceSettings, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"^step 'a': this machine has only {sentence}"):
        machine.check_resources(asked, "step 'a'")


def test_the_real_machine_has_something() -> None:
    assert machine.cpu_count() >= 1
    assert machine.memory_bytes() > 2**20


@pytest.mark.parametrize("text", ["pydantic>=2", "no-such-package; sys_platform == 'win64'"])
def test_requirements_that_are_met(text: str) -> None:
    machine.check_requirement(text, "step 'a'")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("no-such-package", r"your environment has no such package\. pip install 'no-such-package'$"),
        ("pydantic<1", r"your environment has version 2\.[0-9.]+\. pip install 'pydantic<1'$"),
        ("not a requirement!", "it is no requirement"),
    ],
)
def test_requirements_that_are_not(text: str, sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=sentence):
        machine.check_requirement(text, "step 'a'")
