from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift.cli.schedule.words import cron_words, often
from skylift_contract.schedule import Schedule


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("* * * * *", "every minute"),
        ("*/15 * * * *", "every 15 minutes"),
        ("5 * * * *", "every hour at :05"),
        ("0 2 * * *", "every day at 02:00"),
        ("30 14 * * 1", "every Monday at 14:30"),
        ("0 0 * * 7", "every Sunday at 00:00"),
        ("0 9 * * 1-5", "Monday to Friday at 09:00"),
        ("0 3 1 * *", "on day 1 of the month at 03:00"),
    ],
)
def test_the_usual_ones_are_said_in_words(expression: str, words: str) -> None:
    assert cron_words(expression) == words


@pytest.mark.parametrize(
    "expression",
    [
        "*/7 * * * *",
        "0 */6 * * *",
        "0 2 1 * 1",
        "0 2 * 1 *",
        "0,30 2 * * *",
        "*/15 2 * * *",
        "5 * 1 * *",
        "0 2 * * 1,3",
    ],
)
def test_any_other_stands_as_it_is(expression: str) -> None:
    assert cron_words(expression) == ""
    assert often(Schedule(cron_expression=expression)) == f"{expression} (UTC)"


@given(hour=st.integers(0, 23), minute=st.integers(0, 59), weekday=st.sampled_from(["*", *"01234567", "1-5"]))
def test_the_words_are_what_the_times_are(hour: int, minute: int, weekday: str) -> None:
    schedule = Schedule(cron_expression=f"{minute} {hour} * * {weekday}")
    words = often(schedule)
    for fire in schedule.next_fires(8, datetime(2026, 1, 1, tzinfo=UTC)):
        day = fire.strftime("%A")
        on_weekdays = "Monday to Friday" in words and fire.weekday() < 5
        assert day in words or "every day" in words or on_weekdays
        assert f"at {fire:%H:%M}" in words


@given(step=st.integers(1, 59))
def test_every_so_many_minutes_is_exactly_that(step: int) -> None:
    expression = f"*/{step} * * * *"
    times = list(islice(Schedule(cron_expression=expression).fires(datetime(2026, 1, 1, tzinfo=UTC)), 130))
    gaps = {after - before for before, after in pairwise(times)}
    assert (gaps == {timedelta(minutes=step)}) == (cron_words(expression) != "")


def test_intervals_and_moments() -> None:
    assert often(Schedule(interval_second=timedelta(hours=36))) == "every 1 day 12 hours (UTC)"
    once = Schedule(run_once_start_time=datetime(2030, 1, 1, 2, tzinfo=UTC))
    assert often(once) == "once at 2030-01-01 02:00 (UTC)"
