from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from skylift_sagemaker.emulator.fires import DAYS, Expression, Window

AFTER = datetime(2031, 1, 1, tzinfo=UTC)
NOW = Window(AFTER)


def fires(
    text: str, n: int = 3, zone: str = "UTC", window: Window = NOW, after: datetime = AFTER
) -> list[str]:
    found = islice(Expression(text, zone).fires(window, after), n)
    return [f"{one:%Y-%m-%d %H:%M}" for one in found]


def numbers(low: int, high: int) -> st.SearchStrategy[str]:
    """A field both dialects write alike."""
    one = st.integers(low, high)
    span = st.tuples(one, one).map(sorted).map(lambda ends: f"{ends[0]}-{ends[1]}")
    step = st.integers(1, high).map(lambda n: f"*/{n}" if low == 0 else f"{low}-{high}/{n}")
    part = st.one_of(one.map(str), span)
    return st.one_of(st.just("*"), step, st.lists(part, min_size=1, max_size=3).map(",".join))


@settings(max_examples=100)
@given(numbers(0, 59), numbers(0, 23), st.integers(1, 28), numbers(1, 12))
def test_days_of_the_month_are_as_another_reader_has_them(
    minute: str, hour: str, day: int, month: str
) -> None:
    other = [
        f"{one:%Y-%m-%d %H:%M}" for one in islice(CronSim(f"{minute} {hour} {day} {month} *", AFTER), 20)
    ]
    assert fires(f"cron({minute} {hour} {day} {month} ? *)", 20) == other


@settings(max_examples=100)
@given(numbers(0, 59), numbers(0, 23), st.lists(st.sampled_from(DAYS), min_size=1, max_size=3, unique=True))
def test_days_of_the_week_are_as_another_reader_has_them(minute: str, hour: str, days: list[str]) -> None:
    """EventBridge counts days from 1, cron from 0: both are told by number."""
    ours = ",".join(str(DAYS.index(day) + 1) for day in days)
    theirs = ",".join(str(DAYS.index(day)) for day in days)
    other = [f"{one:%Y-%m-%d %H:%M}" for one in islice(CronSim(f"{minute} {hour} * * {theirs}", AFTER), 20)]
    assert fires(f"cron({minute} {hour} ? * {ours} *)", 20) == other
    assert fires(f"cron({minute} {hour} ? * {','.join(days)} *)", 20) == other


@given(st.integers(1, 500), st.sampled_from(["minute", "hour", "day"]), st.integers(0, 10**6))
def test_a_rate_has_one_distance_and_begins_where_it_was_made(n: int, unit: str, minutes: int) -> None:
    interval = n * timedelta(**{f"{unit}s": 1})
    after = AFTER + timedelta(minutes=minutes)
    found = list(islice(Expression(f"rate({n} {unit}s)").fires(NOW, after), 3))
    assert after < found[0] <= after + interval
    assert {found[1] - found[0], found[2] - found[1]} == {interval}
    assert (found[0] - AFTER) % interval == timedelta(0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cron(0 12 * * ? *)", ["2031-01-01 12:00", "2031-01-02 12:00", "2031-01-03 12:00"]),
        ("cron(15 10 ? * 6L 2031-2032)", ["2031-01-31 10:15", "2031-02-28 10:15", "2031-03-28 10:15"]),
        ("cron(0 9 L * ? *)", ["2031-01-31 09:00", "2031-02-28 09:00", "2031-03-31 09:00"]),
        ("cron(0 9 1W * ? *)", ["2031-01-01 09:00", "2031-02-03 09:00", "2031-03-03 09:00"]),
        ("cron(0 9 LW * ? *)", ["2031-01-31 09:00", "2031-02-28 09:00", "2031-03-31 09:00"]),
        ("cron(0 9 ? * MON#1 *)", ["2031-01-06 09:00", "2031-02-03 09:00", "2031-03-03 09:00"]),
        ("cron(0 9 29 FEB ? *)", ["2032-02-29 09:00", "2036-02-29 09:00", "2040-02-29 09:00"]),
        ("cron(0/20 8 ? * 2-6 *)", ["2031-01-01 08:00", "2031-01-01 08:20", "2031-01-01 08:40"]),
        ("cron(0 0 1 1 ? 2031)", []),
        ("rate(1 day)", ["2031-01-02 00:00", "2031-01-03 00:00", "2031-01-04 00:00"]),
        ("at(2031-05-01T10:30:00)", ["2031-05-01 10:30"]),
        ("at(2030-05-01T10:30:00)", []),
    ],
)
def test_expressions(text: str, expected: list[str]) -> None:
    assert fires(text) == expected


def test_a_zone_is_where_it_is_read() -> None:
    summer = datetime(2031, 7, 1, tzinfo=UTC)
    assert fires("cron(0 9 * * ? *)", 1, "Europe/Berlin") == ["2031-01-01 08:00"]
    assert fires("cron(0 9 * * ? *)", 1, "Europe/Berlin", after=summer) == ["2031-07-01 07:00"]
    assert fires("at(2031-07-01T09:00:00)", 1, "America/New_York") == ["2031-07-01 13:00"]


def test_a_time_that_the_clocks_leave_out_is_left_out_and_one_they_repeat_comes_once() -> None:
    """Source: schedule-types.html, "Daylight savings time"."""
    spring, autumn = datetime(2031, 3, 29, 12, tzinfo=UTC), datetime(2031, 10, 25, 12, tzinfo=UTC)
    assert fires("cron(30 2 * * ? *)", 1, "Europe/Berlin", after=spring) == ["2031-03-31 00:30"]
    assert fires("cron(30 2 * * ? *)", 2, "Europe/Berlin", after=autumn) == [
        "2031-10-26 00:30",
        "2031-10-27 01:30",
    ]


def test_start_and_end_are_within() -> None:
    window = Window(AFTER, AFTER + timedelta(days=3), AFTER + timedelta(days=5))
    assert fires("cron(0 0 * * ? *)", 9, window=window) == [
        "2031-01-04 00:00",
        "2031-01-05 00:00",
        "2031-01-06 00:00",
    ]
    assert fires("rate(36 hours)", 9, window=window) == ["2031-01-04 00:00", "2031-01-05 12:00"]


@pytest.mark.parametrize(
    "text",
    [
        "cron(0 12 * * *)", "cron(0 12 * * * *)", "cron(0 12 ? * ? *)", "cron(60 12 * * ? *)", "cron(0 12 ? * 0 *)",
        "cron(0 12 ? * 8 *)", "cron(0 12 32 * ? *)", "cron(0 12 * 13 ? *)", "cron(0 12 * * ? 1969)", "cron(5-1 12 * * ? *)",
        "cron(0/0 12 * * ? *)", "cron(x 12 * * ? *)", "cron()", "rate(0 minutes)", "rate(5 seconds)", "rate(1.5 hours)",
        "rate(-1 days)", "at(2031-05-01)", "at(2031-05-01T10:30:00Z)", "at(2031-13-01T10:30:00)", "0 12 * * ? *", "daily",
    ],
)  # fmt: skip
def test_what_the_service_refuses(text: str) -> None:
    with pytest.raises(ValueError, match=r"^Invalid Schedule Expression ") as caught:
        Expression(text)
    assert str(caught.value) == f"Invalid Schedule Expression {text}."


def test_a_zone_that_is_none() -> None:
    with pytest.raises(ValueError, match=r"^Invalid Schedule Expression Timezone\.$"):
        Expression("rate(1 day)", "Mars/Phobos")
