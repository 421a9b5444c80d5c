from __future__ import annotations

import math
import re
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.byte_units import BYTES_PER_UNIT
from skylift_contract.canonical import canonical_json
from skylift_contract.errors import ConfigurationError, UnknownName
from skylift_contract.resource_settings import ResourceSettings

units = st.sampled_from(sorted(BYTES_PER_UNIT))


@st.composite
def resource_settings(draw: st.DrawFn) -> ResourceSettings:
    memory = st.builds("{}{}".format, st.integers(1, 10**6), units)
    gpus = draw(st.none() | st.integers(0, 64))
    return ResourceSettings(
        cpu_count=draw(st.none() | st.floats(0.001, 1e6)),
        memory=draw(st.none() | memory),
        gpu_count=gpus,
        gpu_type=draw(st.sampled_from([None, "T4", "A100"])) if gpus else None,
    )


@given(resource_settings())
def test_json_round_trip(settings: ResourceSettings) -> None:
    again = ResourceSettings.model_validate_json(settings.model_dump_json())
    assert again == settings
    assert canonical_json(again) == canonical_json(settings)


@given(resource_settings(), units)
def test_memory_in_any_unit_is_the_same_memory(settings: ResourceSettings, unit: str) -> None:
    memory = settings.get_memory(unit)
    if settings.memory is None:
        assert memory is None
        assert settings.memory_bytes is None
    else:
        assert memory is not None
        assert settings.memory_bytes is not None
        assert memory == float(Fraction(settings.memory_bytes, BYTES_PER_UNIT[unit]))


def test_memory_is_in_megabytes_unless_another_unit_is_named() -> None:
    settings = ResourceSettings(memory="8GB")
    assert settings.get_memory() == 8000.0
    assert settings.get_memory(unit="GiB") == 8e9 / 2**30
    assert settings.memory_bytes == 8 * 10**9
    with pytest.raises(UnknownName, match=r"^there is no unit of bytes named 'gigs'\."):
        settings.get_memory("gigs")


def test_it_is_empty_only_when_nothing_is_asked_for() -> None:
    assert ResourceSettings().empty
    asked: list[dict[str, Any]] = [{"cpu_count": 0.5}, {"memory": "1B"}, {"gpu_count": 0}]
    assert not any(ResourceSettings.parse(each).empty for each in asked)


def test_numbers_may_come_as_text_from_a_file() -> None:
    assert ResourceSettings.parse({"cpu_count": "4", "gpu_count": "1"}) == ResourceSettings(
        cpu_count=4, gpu_count=1
    )


CORES = "Give a number above 0, or leave it out."


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"cpu_count": 0}, f"ResourceSettings.cpu_count: it is not a number of cores (got 0.0). {CORES}"),
        ({"cpu_count": -1}, f"ResourceSettings.cpu_count: it is not a number of cores (got -1.0). {CORES}"),
        (
            {"cpu_count": math.nan},
            f"ResourceSettings.cpu_count: it is not a number of cores (got nan). {CORES}",
        ),
        (
            {"cpu_count": math.inf},
            f"ResourceSettings.cpu_count: it is not a number of cores (got inf). {CORES}",
        ),
        (
            {"cpu_count": True},
            "ResourceSettings.cpu_count: it is a number, not a truth value (got True).",
        ),
        ({"gpu_count": True}, "ResourceSettings.gpu_count: it is a number, not a truth value (got True)."),
        (
            {"gpu_count": -1},
            (
                "ResourceSettings.gpu_count: it is not a number of GPUs (got -1). "
                "Give 0 or more, or leave it out."
            ),
        ),
        (
            {"gpu_type": "T4"},
            "ResourceSettings.gpu_type: it says which GPU and not how many (got 'T4'). Add gpu_count=1.",
        ),
        (
            {"gpu_type": "T4", "gpu_count": 0},
            "ResourceSettings.gpu_type: it says which GPU and not how many (got 'T4'). Add gpu_count=1.",
        ),
        (
            {"memory": 8},
            "ResourceSettings.memory: it has no unit (got 8). Say the unit: '8GB' or '8MB'.",
        ),
        (
            {"memory": "0GB"},
            "ResourceSettings.memory: it is nothing (got '0GB'). Leave it out, or give more.",
        ),
        (
            {"memory": "8 gb"},
            "ResourceSettings.memory: it is not an amount of memory (got '8 gb'). Write '8GB'.",
        ),
        (
            {"gpus": 1},
            (
                "ResourceSettings: there is no option named 'gpus'. "
                "Known: cpu_count, gpu_count, gpu_type, memory."
            ),
        ),
        (
            {"gpu_typ": 1},
            "ResourceSettings: there is no option named 'gpu_typ'. Did you mean 'gpu_type'?",
        ),
    ],
)
def test_what_cannot_be_asked_for_is_refused_with_the_fix(data: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{re.escape(sentence)}$"):
        ResourceSettings.parse(data)


def test_half_a_gpu_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"^ResourceSettings\.gpu_count: .*\(got 0\.5\)\.$"):
        ResourceSettings.parse({"gpu_count": 0.5})
