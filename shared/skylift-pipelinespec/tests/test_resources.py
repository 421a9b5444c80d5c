from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_pipelinespec.asked import Accelerator, Resources
from skylift_pipelinespec.resources import amount, cores, resource_spec

SUFFIXES = {"K": 10**3, "M": 10**6, "G": 10**9}


@pytest.mark.parametrize(
    ("count", "text"), [(4, "4"), (4.0, "4"), (0.5, "500m"), (1.5, "1500m"), (0.1, "100m"), (0.0001, "1m")]
)
def test_cores(count: float, text: str) -> None:
    assert cores(count) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(16 * 10**9, "16G"), (1_500_000_000, "1500M"), (8 * 1024**3, "8589935K"), (1, "1K"), (2000, "2K")],
)
def test_amounts(count: int, text: str) -> None:
    assert amount(count) == text


@given(st.integers(min_value=1, max_value=10**15))
def test_nobody_gets_less_than_was_asked(count: int) -> None:
    text = amount(count)
    given = int(text[:-1]) * SUFFIXES[text[-1]]
    assert count <= given < count + 1000


@given(st.integers(min_value=1, max_value=10**6))
def test_cores_are_exact_to_a_thousandth(millis: int) -> None:
    text = cores(millis / 1000)
    assert Fraction(text.removesuffix("m")) / (1000 if text.endswith("m") else 1) == Fraction(millis, 1000)


def test_what_nobody_asks_for_is_left_out() -> None:
    assert resource_spec(Resources()) == {}
    assert resource_spec(Resources(cpu_count=2)) == {"cpuLimit": 2.0, "resourceCpuLimit": "2"}


def test_an_accelerator_is_said_in_both_words() -> None:
    assert resource_spec(Resources(accelerator=Accelerator("nvidia.com/gpu", 2))) == {
        "accelerator": {
            "type": "nvidia.com/gpu",
            "resourceType": "nvidia.com/gpu",
            "count": "2",
            "resourceCount": "2",
        }
    }
