"""EventBridge's expression is read again by a reader of its own, and held against cronsim on ours."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from cronsim import CronSim
from hypothesis import assume, example, given
from hypothesis import strategies as st

from skylift_contract.cron import CronExpression
from skylift_contract.errors import ConfigurationError
from skylift_contract.schedule import Schedule
from skylift_sagemaker.limits import EXPRESSION
from skylift_sagemaker.schedule import at, cron, rate, trigger

NOW = datetime(2031, 3, 4, 5, 6, 7, tzinfo=UTC)
YEARS = [datetime.fromisoformat(text) for text in ("2000-01-01", "2100-01-01")]
BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7))


def read_field(text: str, low: int, high: int) -> set[int]:
    """As EventBridge's page has it: `*`, numbers, ranges, lists, and a step behind any of them."""
    found: set[int] = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        first, _, last = span.partition("-")
        start, end = (low, high) if span == "*" else (int(first), int(last or first))
        assert low <= start <= end <= high
        found |= set(range(start, end + 1, int(step or 1)))
    return found


def read(expression: str, start: datetime, n: int) -> list[datetime]:
    """The next n times strictly after a moment, by the documented meaning of the six fields."""
    match = re.fullmatch(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) \*\)", expression)
    assert match
    assert [match[3], match[5]].count("?") == 1
    minutes, hours, months = (read_field(match[i], *BOUNDS[i - 1]) for i in (1, 2, 4))
    found: list[datetime] = []
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    while len(found) < n:
        weekday = (calendar.weekday(day.year, day.month, day.day) + 1) % 7 + 1  # SUN is 1
        matches = (
            weekday in read_field(match[5], *BOUNDS[4])
            if match[3] == "?"
            else day.day in read_field(match[3], *BOUNDS[2])
        )
        if matches and day.month in months:
            times = (
                day.replace(hour=hour, minute=minute) for hour in sorted(hours) for minute in sorted(minutes)
            )
            found += [time for time in times if time > start]
        day += timedelta(days=1)
    return found[:n]


def fields(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    spans = st.tuples(number, number).map(lambda pair: f"{min(pair)}-{max(pair)}")
    steps = st.integers(1, high - low).map(lambda n: f"*/{n}")
    lists = st.lists(number.map(str) | spans, min_size=1, max_size=3).map(",".join)
    return st.just("*") | lists | steps


DAY = fields(1, 28)
WEEKDAY = fields(0, 6) | st.sampled_from(["7", "fri-sun", "mon-fri", "0,7", "0-7", "sat,sun"])


@given(fields(0, 59), fields(0, 23), DAY, fields(1, 12), WEEKDAY)
@example("0", "3", "*", "*", "*")
@example("0", "3", "1-31", "*", "mon")
@example("*/15", "8-18/2", "*", "*", "fri-sun")
@example("0", "0", "29", "2", "*")
def test_it_fires_when_cron_does(minute: str, hour: str, day: str, month: str, weekday: str) -> None:
    text = f"{minute} {hour} {day} {month} {weekday}"
    try:
        ours = CronExpression.parse(text)
    except ConfigurationError:
        assume(False)  # narrower than some readers, and tested where it is
        return
    both = len(ours.day_of_month.values) < 31 and len(ours.day_of_week.values) < 7
    if both:
        with pytest.raises(
            ConfigurationError, match="cannot restrict the day of the month and the day of the week"
        ):
            cron(ours)
        return
    found = cron(ours)
    assert len(found) <= EXPRESSION
    assert read(found, NOW, 12) == list(islice(CronSim(ours.portable, NOW), 12))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("0 2 * * *", "cron(0 2 * * ? *)"),
        ("0 2 * * 0", "cron(0 2 ? * 1 *)"),
        ("0 2 * * 6,7", "cron(0 2 ? * 1,7 *)"),
        ("0 2 * * mon-fri", "cron(0 2 ? * 2-6 *)"),
        ("30 4 1,15 * *", "cron(30 4 1,15 * ? *)"),
        ("*/20 * * 1-3 *", "cron(0,20,40 * * 1-3 ? *)"),
    ],
)
def test_an_expression_in_theirs(ours: str, theirs: str) -> None:
    assert cron(CronExpression.parse(ours)) == theirs


def test_both_days_are_refused_with_the_way_out() -> None:
    expected = (
        r"^cron expression '0 0 1 \* mon': EventBridge Scheduler cannot restrict the day of the month and the day "
        r"of the week at once\. Write \* for one of them, and make a schedule of each; or look at the date in "
        r"the pipeline\.$"
    )
    with pytest.raises(ConfigurationError, match=expected):
        cron(CronExpression.parse("0 0 1 * mon"))


@given(st.integers(1, 10**6))
def test_an_interval_is_whole_however_long(minutes: int) -> None:
    assert rate(timedelta(minutes=minutes)) == f"rate({minutes} minutes)"


def test_parts_of_a_minute_are_refused() -> None:
    expected = (
        r"^Schedule\.interval_second: EventBridge Scheduler fires on whole minutes \(got '0:01:30'\)\. Give "
    )
    with pytest.raises(ConfigurationError, match=expected):
        rate(timedelta(seconds=90))


@given(st.datetimes(*YEARS, timezones=st.timezones()))
def test_one_moment_is_read_back_as_itself(moment: datetime) -> None:
    read_back = datetime.strptime(at(moment), "at(%Y-%m-%dT%H:%M:%S)").replace(tzinfo=UTC)
    assert read_back == moment.astimezone(UTC).replace(microsecond=0)


def test_an_interval_begins_after_itself_and_never_at_once() -> None:
    """A rate without a start fires as soon as it is there."""
    found = trigger(Schedule(interval_second=timedelta(days=1, hours=12)), NOW)
    assert (found.expression, found.start) == ("rate(2160 minutes)", NOW + timedelta(hours=36))


def test_a_start_that_is_past_is_the_next_time_of_its_own() -> None:
    """The service refuses a StartDate that is gone."""
    start = NOW - timedelta(minutes=25)
    found = trigger(Schedule(interval_second=timedelta(minutes=10), start_time=start), NOW)
    assert found.start == NOW + timedelta(minutes=5)
    assert trigger(Schedule(cron_expression="0 3 * * *", start_time=start), NOW).start is None


def test_the_end_still_fires() -> None:
    """Theirs is the first moment that does not."""
    end = NOW + timedelta(days=9)
    found = trigger(Schedule(cron_expression="0 3 * * *", timezone="Europe/Berlin", end_time=end), NOW)
    assert found.end == end + timedelta(seconds=1)
    assert found.request() == {
        "ScheduleExpression": "cron(0 3 * * ? *)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "NONE",
        "EndDate": end + timedelta(seconds=1),
    }


def test_once_is_over_when_it_has_fired() -> None:
    once = trigger(Schedule(run_once_start_time=NOW, timezone="Asia/Tokyo"), NOW - timedelta(days=1))
    assert once.request() == {
        "ScheduleExpression": "at(2031-03-04T05:06:07)",
        "ScheduleExpressionTimezone": "UTC",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "ActionAfterCompletion": "DELETE",
    }
