"""Ages as people type them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.cli.ages import AGE, written


@given(st.integers(0, 999_999), st.sampled_from("smhdw"))
def test_what_is_written_is_read_as_the_same_age(number: int, unit: str) -> None:
    age = AGE.convert(f"{number}{unit}", None, None)
    if len(written(age)) <= 7:
        assert AGE.convert(written(age), None, None) == age


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(0), "0s"),
        (timedelta(days=30), "30d"),
        (timedelta(days=14), "2w"),
        (timedelta(minutes=90), "90m"),
        (timedelta(hours=24), "1d"),
    ],
)
def test_the_largest_unit_is_written(age: timedelta, text: str) -> None:
    assert written(age) == text
