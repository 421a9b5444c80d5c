# ruff: noqa: DTZ001 -- naive datetimes, which hypothesis and wall clocks want

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from skylift_contract.canonical import canonical_json
from skylift_contract.cron import CronExpression
from skylift_contract.errors import ConfigurationError, LimitExceeded
from skylift_contract.schedule import Schedule

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe"]
moments = st.datetimes(
    datetime(1980, 1, 1), datetime(2080, 1, 1), timezones=st.sampled_from(ZONES).map(ZoneInfo)
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    zone, runs = draw(st.sampled_from(ZONES)), draw(st.none() | st.integers(1, 9))
    kind = draw(st.sampled_from(["cron", "interval", "once"]))
    if kind == "once":
        return Schedule(run_once_start_time=draw(moments), timezone=zone, max_concurrent_runs=runs)
    start, end = draw(st.none() | moments), draw(st.none() | moments)
    if start is not None and end is not None:
        assume(start.astimezone(UTC) + timedelta(days=2) < end.astimezone(UTC))
    cron = draw(st.sampled_from(["@hourly", "0 2 * * *", "*/15 8-17 * * mon-fri,sat,sun"]))
    interval = timedelta(seconds=draw(st.integers(1, 10**7)))
    return Schedule(
        name=draw(st.none() | st.just("nightly")),
        cron_expression=cron if kind == "cron" else None,
        interval_second=interval if kind == "interval" else None,
        start_time=start,
        end_time=end,
        timezone=zone,
        catchup=draw(st.booleans()),
        max_concurrent_runs=runs,
    )


@given(schedules())
def test_json_round_trip(schedule: Schedule) -> None:
    again = Schedule.model_validate_json(schedule.model_dump_json())
    assert again == schedule
    assert again.interval_seconds == schedule.interval_seconds
    assert canonical_json(again) == canonical_json(schedule)
    assert Schedule.model_validate_json(canonical_json(schedule)) == schedule


@given(moments, st.integers(-14 * 60, 14 * 60))
def test_one_moment_in_two_zones_is_one_schedule(moment: datetime, offset: int) -> None:
    elsewhere = moment.astimezone(timezone(timedelta(minutes=offset)))
    one, other = Schedule(run_once_start_time=moment), Schedule(run_once_start_time=elsewhere)
    assert one == other
    assert canonical_json(one) == canonical_json(other)


@given(schedules(), moments)
def test_fires_rise_and_keep_to_the_window(schedule: Schedule, after: datetime) -> None:
    fires = [fire.astimezone(UTC) for fire in schedule.next_fires(5, after)]
    assert fires == sorted(set(fires))
    start, end = schedule.start_time or utc("1900-01-01"), schedule.end_time or utc("9000-01-01")
    assert all(start <= fire <= end and fire > after.astimezone(UTC) for fire in fires)
    assert all(str(fire.tzinfo) == schedule.timezone for fire in schedule.next_fires(5, after))


def test_36_hours_are_129600_seconds() -> None:
    schedule = Schedule(interval_second=timedelta(hours=36))
    assert schedule.interval_seconds == 129_600
    assert Schedule(interval_second=timedelta(days=1)).interval_seconds == 86_400
    assert Schedule.parse({"interval_second": 129_600}) == schedule
    assert schedule.next_fires(2, utc("2025-01-01")) == [utc("2025-01-02T12:00"), utc("2025-01-04")]


def test_an_interval_counts_from_its_start_and_includes_both_ends() -> None:
    schedule = Schedule(
        interval_second=timedelta(hours=1), start_time=utc("2025-01-01"), end_time=utc("2025-01-01T03:00")
    )
    times = [utc(f"2025-01-01T0{hour}:00") for hour in range(4)]
    assert list(schedule.fires(utc("2020-01-01"))) == times
    assert list(schedule.fires(utc("2025-01-01"))) == times[1:]
    assert list(schedule.fires(utc("2025-01-01T01:30"))) == times[2:]
    assert list(schedule.fires(utc("2025-01-01T03:00"))) == []


def test_an_interval_is_of_real_time_when_the_clocks_change() -> None:
    schedule = Schedule(
        interval_second=timedelta(days=1),
        start_time=datetime(2025, 3, 29, 12, tzinfo=BERLIN),
        timezone="Europe/Berlin",
    )
    assert [str(fire) for fire in schedule.next_fires(2, utc("2025-03-01"))] == [
        "2025-03-29 12:00:00+01:00",
        "2025-03-30 13:00:00+02:00",
    ]


@pytest.mark.parametrize("interval", [timedelta(days=400_000), timedelta(days=999_999_999)])
def test_an_interval_ends_with_the_calendar(interval: timedelta) -> None:
    fires = Schedule(interval_second=interval, start_time=utc("2025-01-01")).next_fires(99, utc("2024-01-01"))
    assert len(fires) == 1 + (interval.days < 10**6) * (7973 * 365 // 400_000)


def test_an_interval_stops_where_a_zone_could_leave_the_calendar() -> None:
    schedule = Schedule(
        interval_second=timedelta(days=1), start_time=utc("9998-12-30"), timezone="Asia/Kolkata"
    )
    assert [fire.day for fire in schedule.next_fires(999, utc("9998-01-01"))] == [30, 31]


def test_cron_keeps_to_its_window_and_its_zone() -> None:
    schedule = Schedule(
        cron_expression="0 2 * * *",
        timezone="Europe/Berlin",
        start_time=datetime(2025, 7, 2, 2, tzinfo=BERLIN),
        end_time=datetime(2025, 7, 3, 2, tzinfo=BERLIN),
    )
    assert [str(fire) for fire in schedule.fires(utc("2025-01-01"))] == [
        "2025-07-02 02:00:00+02:00",
        "2025-07-03 02:00:00+02:00",
    ]
    assert schedule.cron == CronExpression.parse("0 2 * * *")


def test_once_is_once() -> None:
    schedule = Schedule(run_once_start_time=utc("2025-01-01"), timezone="Asia/Kolkata")
    assert [str(fire) for fire in schedule.fires(utc("2024-12-31"))] == ["2025-01-01 05:30:00+05:30"]
    assert list(schedule.fires(utc("2025-01-01"))) == []
    assert schedule.cron is None
    assert schedule.interval_seconds is None


def test_cron_is_kept_in_its_five_fields() -> None:
    assert Schedule(cron_expression=" @daily ").cron_expression == "0 0 * * *"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"cron_expression": "0 2 * * *"}, "cron '0 2 * * *' (UTC)"),
        (
            {
                "cron_expression": "0 2 * * *",
                "timezone": "Europe/Berlin",
                "start_time": utc("2025-07-01"),
                "end_time": utc("2029-12-31T23:00"),
            },
            "cron '0 2 * * *', from 2025-07-01 02:00, until 2030-01-01 00:00 (Europe/Berlin)",
        ),
        ({"interval_second": timedelta(hours=36)}, "every 1 day 12 hours (UTC)"),
        ({"interval_second": 3661}, "every 1 hour 1 minute 1 second (UTC)"),
        (
            {"run_once_start_time": utc("2025-01-01"), "timezone": "Asia/Kolkata"},
            "once at 2025-01-01 05:30 (Asia/Kolkata)",
        ),
    ],
)
def test_it_is_described_in_one_clause(data: dict[str, Any], text: str) -> None:
    assert Schedule.parse(data).describe() == text


DAILY = {"cron_expression": "0 2 * * *"}
AWARE = "Give it one: datetime(…, tzinfo=ZoneInfo('Europe/Berlin'))."
WHOLE = "it is not a number of whole seconds above 0"
INTERVAL = "Use timedelta(hours=36), or seconds as a number."
ONCE = "Schedule: it runs once, so it has no start_time or end_time. Keep run_once_start_time alone."


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            {},
            (
                "Schedule: it does not say when to run. "
                "Give cron_expression, interval_second or run_once_start_time."
            ),
        ),
        (
            DAILY | {"interval_second": 60},
            (
                "Schedule: it has cron_expression and interval_second, and can follow only one. "
                "Keep one, or make a schedule of each."
            ),
        ),
        (
            DAILY | {"run_once_start_time": utc("2025-01-01")},
            (
                "Schedule: it has cron_expression and run_once_start_time, and can follow only one. "
                "Keep one, or make a schedule of each."
            ),
        ),
        *[
            (data, f"Schedule.{field}: it has no time zone (got '2025-01-01 00:00:00'). {AWARE}")
            for field, data in {
                "run_once_start_time": {"run_once_start_time": datetime(2025, 1, 1)},
                "start_time": DAILY | {"start_time": "2025-01-01T00:00"},
                "end_time": DAILY | {"end_time": "2025-01-01"},
            }.items()
        ],
        (
            {"run_once_start_time": 60},
            "Schedule.run_once_start_time: a number is no date (got 60). Give a datetime with a time zone.",
        ),
        (
            DAILY | {"timezone": "Europe/Belin"},
            "Schedule.timezone: there is no time zone named 'Europe/Belin'. Did you mean 'Europe/Berlin'?",
        ),
        ({"interval_second": 0}, f"Schedule.interval_second: {WHOLE} (got '0:00:00'). {INTERVAL}"),
        ({"interval_second": -60}, f"Schedule.interval_second: {WHOLE} (got '-1 day, 23:59:00'). {INTERVAL}"),
        ({"interval_second": 1.5}, f"Schedule.interval_second: {WHOLE} (got '0:00:01.500000'). {INTERVAL}"),
        (
            {"interval_second": True},
            (
                "Schedule.interval_second: it is not a duration: give a timedelta, or seconds as a number "
                "(got True)."
            ),
        ),
        (
            DAILY | {"start_time": utc("2025-01-01"), "end_time": utc("2025-01-01")},
            (
                "Schedule.end_time: it is not after start_time (got '2025-01-01 00:00:00+00:00'). "
                "Give one after 2025-01-01 00:00:00+00:00."
            ),
        ),
        (
            DAILY | {"start_time": utc("2025-01-01T02:01"), "end_time": utc("2025-01-02T01:59")},
            "Schedule.cron_expression: it never fires between start_time and end_time (got '0 2 * * *').",
        ),
        ({"run_once_start_time": utc("2025-01-01"), "end_time": utc("2026-01-01")}, ONCE),
        ({"run_once_start_time": utc("2025-01-01"), "start_time": utc("2026-01-01")}, ONCE),
        (
            DAILY | {"max_concurrent_runs": 0},
            "Schedule.max_concurrent_runs: it is not a number from 1 up (got 0). Use 1 for no overlap.",
        ),
        (
            DAILY | {"max_concurrent_runs": True},
            "Schedule.max_concurrent_runs: it is not a number from 1 up (got True). Use 1 for no overlap.",
        ),
        (
            DAILY | {"name": ""},
            "Schedule.name: String should have at least 1 character (got '').",
        ),
        (
            {"cron": "0 2 * * *"},
            (
                "Schedule: there is no option named 'cron'. Known: catchup, cron_expression, end_time, "
                "interval_second, max_concurrent_runs, name, run_once_start_time, start_time, timezone."
            ),
        ),
        (
            {"cron_expression": "0 2 * * MOO"},
            (
                "cron expression '0 2 * * MOO', day of week: it is no number or name that this field has "
                "(got 'MOO', limit: 0-7 or SUN-SAT, where 0 and 7 are Sunday)."
            ),
        ),
    ],
)
def test_what_cannot_be_scheduled_is_refused_with_the_fix(data: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{re.escape(sentence)}$"):
        Schedule.parse(data)


def test_a_moment_outside_the_calendar_is_refused() -> None:
    with pytest.raises(
        LimitExceeded, match=r"^Schedule\.start_time, the year: it is below the limit \(got 1,"
    ):
        Schedule(cron_expression="0 2 * * *", start_time=datetime.min.replace(tzinfo=UTC))


def test_fires_after_a_naive_moment_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"^after: it has no time zone \(got"):
        Schedule(interval_second=timedelta(1)).fires(datetime(2025, 1, 1))
