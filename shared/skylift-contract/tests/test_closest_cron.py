from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.closest_cron import closest_cron
from skylift_contract.schedule import Schedule

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def read(text: str) -> Schedule:
    """The schedule that is written there."""
    return Schedule(cron_expression=text.split("'")[1])


@pytest.mark.parametrize(
    ("interval", "expression"),
    [
        (timedelta(minutes=15), "*/15 * * * *"),
        (timedelta(minutes=7), "*/6 * * * *"),
        (timedelta(hours=1), "0 * * * *"),
        (timedelta(hours=5), "0 */6 * * *"),
        (timedelta(days=1), "0 0 * * *"),
        (timedelta(days=7), "0 0 * * 0"),
        (timedelta(seconds=1), "* * * * *"),
        (timedelta(days=900), "0 0 1 * *"),
    ],
)
def test_an_interval(interval: timedelta, expression: str) -> None:
    assert closest_cron(Schedule(interval_second=interval)) == f"Schedule(cron_expression={expression!r})"


@given(st.integers(min_value=60, max_value=31 * 86_400))
def test_it_is_never_far(seconds: int) -> None:
    """The widest gap that cron has is between a day and a week, of which the middle is √7 days."""
    first, second = read(closest_cron(Schedule(interval_second=timedelta(seconds=seconds)))).next_fires(
        2, NOW
    )
    assert seconds / 2.7 <= (second - first).total_seconds() <= seconds * 2.7


def test_one_moment() -> None:
    asked = Schedule(run_once_start_time=datetime(2031, 2, 3, 4, 5, tzinfo=UTC))
    assert (
        closest_cron(asked)
        == "Schedule(cron_expression='5 4 3 2 *') with a start_time and an end_time around that moment"
    )
    assert read(closest_cron(asked)).next_fires(1, datetime(2031, 1, 1, tzinfo=UTC)) == [
        asked.run_once_start_time
    ]


def test_what_is_cron_stays_as_it_is() -> None:
    assert closest_cron(Schedule(cron_expression="0 2 * * *")) == "Schedule(cron_expression='0 2 * * *')"
