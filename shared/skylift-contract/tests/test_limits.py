from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.errors import LimitExceeded
from skylift_contract.limits import Limit

VARIABLES = Limit(100, "entries", source="ProcessingEnvironmentMap")
RETRIES = Limit(20, "attempts", minimum=1)


@given(st.integers() | st.floats())
def test_a_value_passes_exactly_when_it_is_within(value: float) -> None:
    if RETRIES.minimum <= value <= RETRIES.maximum:
        RETRIES.check(value, "step 'train': retries")
    else:
        with pytest.raises(LimitExceeded):
            RETRIES.check(value, "step 'train': retries")


@pytest.mark.parametrize(
    ("limit", "value", "sentence"),
    [
        (
            VARIABLES,
            101,
            (
                "step 'train': it is over the limit (got 101, limit: at most 100 entries). "
                "Give 0 to 100 entries (ProcessingEnvironmentMap)."
            ),
        ),
        (
            RETRIES,
            0,
            "step 'train': it is below the limit (got 0, limit: at least 1 attempts). Give 1 to 20 attempts.",
        ),
        (
            RETRIES,
            math.nan,
            (
                "step 'train': it is over the limit (got nan, limit: at most 20 attempts). "
                "Give 1 to 20 attempts."
            ),
        ),
    ],
)
def test_the_sentence_tells_who_what_value_limit_and_fix(limit: Limit, value: float, sentence: str) -> None:
    with pytest.raises(LimitExceeded, match=f"^{re.escape(sentence)}$"):
        limit.check(value, "step 'train'")
