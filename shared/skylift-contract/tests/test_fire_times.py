"""Fire times against two independent libraries, and against our rule where those two differ."""

# ruff: noqa: DTZ001 -- naive datetimes, which hypothesis and wall clocks want

from __future__ import annotations

import importlib
import random
import re
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from skylift_contract.cron import CronExpression
from skylift_contract.errors import ConfigurationError, LimitExceeded
from skylift_contract.fire_times import fire_times, in_utc

if TYPE_CHECKING:
    from collections.abc import Iterable

croniter: Any = importlib.import_module("croniter").croniter  # it has no annotations

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]
CHANGES = ["2025-03-09", "2025-03-30", "2025-04-06", "2025-10-05", "2025-10-26", "2025-11-02", "2028-02-28"]
CASES, FIRES, HOURS = 400, 12, 27
MINUTE = timedelta(minutes=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def first(fires: Iterable[datetime], count: int = FIRES) -> list[datetime]:
    return [fire.astimezone(UTC) for fire in islice(fires, count)]


def random_word(rng: random.Random, low: int, high: int, star: float) -> str:
    def item() -> str:
        one, two = sorted((rng.randint(low, high), rng.randint(low, high)))
        step = f"/{rng.randint(1, two - one + 1)}" if rng.random() < 0.4 else ""
        every = f"*/{rng.randint(1, high - low + 1)}"
        return rng.choice([str(one), f"{one}-{two}{step}" if one < two else str(one), every])

    return "*" if rng.random() < star else ",".join(item() for _ in range(rng.choice([1, 1, 1, 2, 3])))


def random_expression(rng: random.Random) -> CronExpression:
    places = [(0, 59, 0.2), (0, 23, 0.4), (1, 31, 0.6), (1, 12, 0.7), (0, 6, 0.6)]
    while True:
        try:
            return CronExpression.parse(" ".join(random_word(rng, *place) for place in places))
        except ConfigurationError as error:
            assert "would never fire" in error.what  # noqa: PT017 -- the only reason left


def theirs(text: str, after: datetime, tz: ZoneInfo) -> tuple[list[datetime], list[datetime]]:
    local = after.astimezone(tz)
    found: Any = croniter(text, local, ret_type=datetime, implement_cron_bug=True)
    return first(CronSim(text, local)), first(found)


@pytest.mark.parametrize("name", ZONES)
def test_fire_times_equal_those_of_two_libraries(name: str) -> None:
    rng, tz = random.Random(name), ZoneInfo(name)
    compared = 0
    for _ in range(CASES):
        expression = random_expression(rng)
        after = utc(rng.choice(CHANGES)) + timedelta(seconds=rng.randint(-3, 3) * 43_217)
        one, other = theirs(expression.text, after, tz)
        if one != other:
            continue
        compared += 1
        assert first(expression.fires(after, name)) == one, (expression.text, after)
    assert compared >= CASES * 0.97, f"the two libraries agree on {compared} of {CASES} only"


def shows(expression: CronExpression, clock: datetime) -> bool:
    return (
        clock.minute in expression.minute.values
        and clock.hour in expression.hour.values
        and clock.day in expression.days_of(clock.year, clock.month)
    )


def by_the_rule(expression: CronExpression, after: datetime, tz: ZoneInfo) -> list[datetime]:
    """Fire times within `HOURS`, minute by minute, from the rule's words."""
    fires: list[datetime] = []
    start = after.replace(second=0, microsecond=0)
    fired = {(start + n * MINUTE).astimezone(tz).replace(tzinfo=None, fold=0) for n in range(-200, 0)}
    before = (start - MINUTE).astimezone(tz).replace(tzinfo=None)
    for n in range(HOURS * 60 + 1):
        instant = start + n * MINUTE
        clock = instant.astimezone(tz).replace(tzinfo=None, fold=0)
        skipped = [before + m * MINUTE for m in range(1, int((clock - before) / MINUTE))]
        again = clock in fired
        due = any(shows(expression, each) for each in [clock, *skipped])
        if (due and not again) if expression.fixed_time else shows(expression, clock):
            fires.append(instant)
        fired.add(clock)
        before = clock
    return [fire for fire in fires if fire > after]


AROUND = [
    ("Europe/Berlin", "2025-03-30T01:00"),
    ("Europe/Berlin", "2025-10-26T01:00"),
    ("America/New_York", "2025-03-09T07:00"),
    ("America/New_York", "2025-11-02T06:00"),
    ("Australia/Lord_Howe", "2025-10-04T15:30"),
    ("Australia/Lord_Howe", "2025-04-05T15:00"),
    ("America/St_Johns", "2010-11-07T02:31"),  # from 00:01 back to 23:01 of the day before
    ("Pacific/Apia", "2011-12-30T10:00"),  # a whole day skipped
]
words = st.sampled_from(["*", "*/7", "*/30", "0", "30", "15,45", "1-59/2"])
hours = st.sampled_from(["*", "*/2", "2", "1-3", "0,1,2,3", "23", "0-23", "23,0"])
days = st.sampled_from(["* * *", "* * sun", "6,7,26,30 * *", "*/2 * *", "5 * sat"])


@settings(max_examples=200)
@given(st.sampled_from(AROUND), words, hours, days, st.integers(-3 * 3600, 3 * 3600))
def test_around_a_change_of_clocks_the_rule_holds(
    change: tuple[str, str], minute: str, hour: str, day: str, offset: int
) -> None:
    name, moment = change
    expression = CronExpression.parse(f"{minute} {hour} {day}")
    after = utc(moment) + timedelta(seconds=offset)
    fires = (fire.astimezone(UTC) for fire in expression.fires(after, name))
    end = after.replace(second=0) + timedelta(hours=HOURS)
    assert list(takewhile(lambda fire: fire <= end, fires)) == by_the_rule(expression, after, ZoneInfo(name))


@pytest.mark.parametrize(
    ("text", "name", "after", "fires"),
    [
        # Clocks go forward: a fixed time in the gap fires when the gap ends, once.
        ("30 2 * * *", "Europe/Berlin", "2025-03-29T22:00", ["2025-03-30T01:00", "2025-03-31T00:30"]),
        ("0,30 2,3 * * *", "Europe/Berlin", "2025-03-29T22:00", ["2025-03-30T01:00", "2025-03-30T01:30"]),
        # … and a time with a star is left out.
        ("*/30 2 * * *", "Europe/Berlin", "2025-03-29T22:00", ["2025-03-31T00:00", "2025-03-31T00:30"]),
        ("30 * * * *", "Europe/Berlin", "2025-03-30T00:00", ["2025-03-30T00:30", "2025-03-30T01:30"]),
        # Clocks go back: a fixed time fires at the first showing, a time with a star at both.
        ("30 2 * * *", "Europe/Berlin", "2025-10-25T22:00", ["2025-10-26T00:30", "2025-10-27T01:30"]),
        ("30 * * * *", "Europe/Berlin", "2025-10-26T00:00", ["2025-10-26T00:30", "2025-10-26T01:30"]),
        # Between the two showings of 02:30 the fixed time is over, and the other is not.
        ("30 2 * * *", "Europe/Berlin", "2025-10-26T00:40", ["2025-10-27T01:30"]),
        ("30 * * * *", "Europe/Berlin", "2025-10-26T00:40", ["2025-10-26T01:30", "2025-10-26T02:30"]),
    ],
)
def test_when_the_clocks_change(text: str, name: str, after: str, fires: list[str]) -> None:
    found = first(CronExpression.parse(text).fires(utc(after), name), len(fires))
    assert found == [utc(fire) for fire in fires]


@given(
    st.sampled_from(ZONES), st.integers(0, 2**31), st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1))
)
def test_fires_rise_and_each_is_the_next_of_the_one_before(name: str, seed: int, naive: datetime) -> None:
    expression = random_expression(random.Random(seed))
    fires = first(expression.fires(naive.replace(tzinfo=UTC), name), 5)
    assert fires == sorted(set(fires))
    assert all(fire > naive.replace(tzinfo=UTC) for fire in fires)
    for one, following in pairwise(fires):
        assert first(expression.fires(one, name), 1) == [following]


def test_a_fire_time_is_not_its_own_next() -> None:
    hourly = CronExpression.parse("@hourly")
    assert hourly.next_fire(utc("2025-01-01T10:00")) == utc("2025-01-01T11:00")
    assert hourly.next_fire(utc("2025-01-01T09:59:59.999999")) == utc("2025-01-01T10:00")


def test_fire_times_are_shown_on_the_clocks_of_the_zone() -> None:
    fire = CronExpression.parse("0 6 * * *").next_fire(utc("2025-07-01"), "Europe/Berlin")
    assert str(fire) == "2025-07-01 06:00:00+02:00"


def test_they_end_with_the_calendar() -> None:
    yearly = CronExpression.parse("@yearly")
    assert list(yearly.fires(utc("9997-06-01"), "Asia/Kolkata")) == [utc("9997-12-31T18:30")]
    assert yearly.next_fire(utc("9998-06-01"), "America/New_York") is None
    sentence = "after, the year: it is over the limit (got 9999, limit: at most 9998 AD). Give 2 to 9998 AD."
    with pytest.raises(LimitExceeded, match=f"^{re.escape(sentence)}$"):
        fire_times(yearly, utc("9999-01-01"), UTC)


def test_a_naive_moment_is_refused_with_the_fix() -> None:
    sentence = (
        "after: it has no time zone (got '2025-01-01 00:00:00'). "
        "Give it one: datetime(…, tzinfo=ZoneInfo('Europe/Berlin'))."
    )
    with pytest.raises(ConfigurationError, match=f"^{re.escape(sentence)}$"):
        in_utc(datetime(2025, 1, 1), "after")
