from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.errors import LimitExceeded
from skylift_contract.settings import StepRetryConfig
from skylift_pipelinespec.retries import retry_policy, seconds


def test_all_four_fields_are_there() -> None:
    found = retry_policy(StepRetryConfig(max_retries=3), 3600, "step 'a'")
    assert found == {
        "maxRetryCount": 3,
        "backoffDuration": "0s",
        "backoffFactor": 1.0,
        "backoffMaxDuration": "3600s",
    }


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=7)))
def test_seconds_are_exact(duration: timedelta) -> None:
    assert Decimal(seconds(duration).removesuffix("s")) * 10**6 == duration // timedelta(microseconds=1)


@pytest.mark.parametrize(("duration", "text"), [(90, "90s"), (0.5, "0.5s"), (1.25, "1.25s"), (0, "0s")])
def test_seconds(duration: float, text: str) -> None:
    assert seconds(timedelta(seconds=duration)) == text


@pytest.mark.parametrize(("delay", "retries", "backoff"), [(3601, 1, 1), (1000, 3, 2), (1, 100, 10)])
def test_a_pause_over_the_limit_is_refused(delay: float, retries: int, backoff: float) -> None:
    expected = (
        r"^step 'a', StepRetryConfig: a pause between two of its attempts is too long \(got '.*', "
        r"limit: at most 3600 seconds\)\. Lower delay, backoff or max_retries\.$"
    )
    with pytest.raises(LimitExceeded, match=expected):
        retry_policy(
            StepRetryConfig(max_retries=retries, delay=timedelta(seconds=delay), backoff=backoff),
            3600,
            "step 'a'",
        )


def test_the_longest_pause_is_taken() -> None:
    asked = StepRetryConfig(max_retries=3, delay=timedelta(minutes=15), backoff=2)
    assert retry_policy(asked, 3600, "step 'a'")["backoffDuration"] == "900s"
