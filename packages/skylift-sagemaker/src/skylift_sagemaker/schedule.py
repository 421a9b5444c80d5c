"""A schedule as EventBridge Scheduler's words.

`cron(minutes hours day-of-month month day-of-week year)`: six fields, of which one of the days' is `?`;
days of the week are 1 (Sunday) to 7. `rate(n minutes)`. `at(yyyy-mm-ddThh:mm:ss)`.

Source: docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from skylift_contract.cron import CronExpression, CronField
    from skylift_contract.schedule import Schedule

MINUTE: Final = timedelta(minutes=1)
SECOND: Final = timedelta(seconds=1)
DAYS: Final = "cron expression {!r}"


@dataclass(frozen=True, slots=True)
class Trigger:
    """When a schedule fires: `start` and `end` bound it, and are None where nothing does.

    `is_once`: it is over once it has fired.
    """

    expression: str
    timezone: str
    start: datetime | None = None
    end: datetime | None = None
    is_once: bool = False

    def request(self) -> dict[str, Any]:
        """The part of CreateSchedule's and UpdateSchedule's request that says when."""
        bounds = {"StartDate": self.start, "EndDate": self.end}
        return {
            "ScheduleExpression": self.expression,
            "ScheduleExpressionTimezone": self.timezone,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ActionAfterCompletion": "DELETE" if self.is_once else "NONE",
            **{name: moment for name, moment in bounds.items() if moment is not None},
        }


def trigger(schedule: Schedule, now: datetime) -> Trigger:
    """What has EventBridge Scheduler fire when the schedule does.

    `now` is when it is deployed: a rate without a start would fire at once, and a start that is
    past is refused by the service, so both begin with the next time that there is.

    Raises `ConfigurationError` for what its expressions cannot say.
    """
    end = schedule.end_time + SECOND if schedule.end_time else None  # theirs is the first moment without
    if schedule.cron is not None:
        start = schedule.start_time if schedule.start_time and schedule.start_time > now else None
        return Trigger(cron(schedule.cron), schedule.timezone, start, end)
    if schedule.interval_second is not None:
        first = next(schedule.fires(now), None)
        started = None if first is None else first.astimezone(UTC)
        return Trigger(rate(schedule.interval_second), "UTC", started, end)
    assert schedule.run_once_start_time is not None
    return Trigger(at(schedule.run_once_start_time), "UTC", is_once=True)


def cron(expression: CronExpression) -> str:
    """Raises `ConfigurationError` where days of the month and of the week both matter."""
    month, year = _spelled(expression.month, 12), "*"
    day, weekday = _days(expression)
    times = f"{_spelled(expression.minute, 60)} {_spelled(expression.hour, 24)}"
    return f"cron({times} {day} {month} {weekday} {year})"


def rate(interval: timedelta) -> str:
    """Always in minutes: a day is 1440 of them, also where clocks change. Raises for parts of a minute."""
    if interval % MINUTE:
        raise ConfigurationError(
            "EventBridge Scheduler fires on whole minutes",
            who="Schedule.interval_second",
            value=str(interval),
            fix="Give a whole number of minutes: timedelta(minutes=5).",
        )
    return f"rate({interval // MINUTE} minutes)"


def at(moment: datetime) -> str:
    return f"at({moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S})"


def _days(expression: CronExpression) -> tuple[str, str]:
    month, week = expression.day_of_month, expression.day_of_week
    all_of_month, all_of_week = len(month.values) == 31, len(week.values) == 7
    if all_of_week or (expression.days_either and all_of_month):
        return ("*" if expression.days_either and all_of_week else _spelled(month, 31)), "?"
    if all_of_month:
        return "?", _ranges(tuple(day + 1 for day in week.values))
    raise ConfigurationError(
        "EventBridge Scheduler cannot restrict the day of the month and the day of the week at once",
        who=DAYS.format(expression.text),
        fix="Write * for one of them, and make a schedule of each; or look at the date in the pipeline.",
    )


def _spelled(field: CronField, size: int) -> str:
    return "*" if len(field.values) == size else _ranges(field.values)


def _ranges(values: tuple[int, ...]) -> str:
    """`0,5-7` for 0, 5, 6 and 7."""
    runs = [[n for _, n in run] for _, run in groupby(enumerate(values), lambda pair: pair[1] - pair[0])]
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
