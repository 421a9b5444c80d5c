"""When a cron expression fires in a time zone, also where its clocks change.

The rule is that of crontab(5) as Debian's cron keeps it, which cronsim follows too:

- An expression of fixed times (neither minute nor hour has a leading `*`) fires once for
  each time it names. What falls in a gap fires when the gap ends, once however many times
  fell in it; what the clocks show twice fires at the first.
- Any other expression (`*/15 * * * *`, `0 * * * *`) fires whenever the clocks show a time
  that matches: not in a gap, and twice where a time is shown twice.

Backends keep rules of their own on those two days of a year; a plugin's docs say which.
"""

from __future__ import annotations

from collections import deque
from datetime import UTC, date, datetime, tzinfo
from itertools import count
from typing import TYPE_CHECKING, Final

from skylift_contract.errors import ConfigurationError
from skylift_contract.limits import Limit
from skylift_contract.time_zones import earliest_wall, gap_end, instants

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skylift_contract.cron import CronExpression

YEARS: Final = Limit(9998, "AD", minimum=2)
"""What `datetime` has, less a year at each end for the zones' offsets."""


def fire_times(expression: CronExpression, after: datetime, tz: tzinfo) -> Iterator[datetime]:
    """Fire times strictly after an aware moment, ascending, until the year 9998 ends.

    They are in `tz`. Python compares two times of one zone by their clocks and not by their
    instants, so turn them into UTC before comparing: a repeated hour has two of each.

    Raises what `in_utc` raises.
    """
    moment = in_utc(after, "after")
    walls = _walls(expression, earliest_wall(moment, tz))
    found = _once_each(walls, tz) if expression.fixed_time else _as_shown(walls, tz)
    return (instant.astimezone(tz) for instant in found if instant > moment)


def in_utc(moment: datetime, who: str) -> datetime:
    """The same instant in UTC.

    Raises `ConfigurationError` for a naive datetime, with the fix, and `LimitExceeded`
    outside `YEARS`.
    """
    if moment.utcoffset() is None:
        raise ConfigurationError(
            "it has no time zone",
            who=who,
            value=str(moment),
            fix="Give it one: datetime(…, tzinfo=ZoneInfo('Europe/Berlin')).",
        )
    YEARS.check(moment.year, f"{who}, the year")
    return moment.astimezone(UTC)


def _once_each(walls: Iterator[datetime], tz: tzinfo) -> Iterator[datetime]:
    last = None
    for wall in walls:
        shown = instants(wall, tz)
        instant = shown[0] if shown else gap_end(wall, tz)
        if instant != last:
            yield instant
        last = instant


def _as_shown(walls: Iterator[datetime], tz: tzinfo) -> Iterator[datetime]:
    """Merge first and second showings: a second one waits until no earlier first can come."""
    second: deque[datetime] = deque()
    for wall in walls:
        first, *again = instants(wall, tz) or (None,)
        if first is None:
            continue
        while second and second[0] < first:
            yield second.popleft()
        yield first
        second.extend(again)
    yield from second


def _walls(expression: CronExpression, start: datetime) -> Iterator[datetime]:
    """The naive times that match, ascending, from the hour of a naive start on."""
    for day in _days(expression, start.date()):
        first_hour = start.hour if day == start.date() else 0
        for hour in expression.hour.values:
            if hour < first_hour:
                continue
            for minute in expression.minute.values:
                yield datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 -- a wall clock's


def _days(expression: CronExpression, start: date) -> Iterator[date]:
    for year in count(start.year):
        if year > YEARS.maximum:
            return
        for month in expression.month.values:
            if (year, month) < (start.year, start.month):
                continue
            for number in expression.days_of(year, month):
                day = date(year, month, number)
                if day >= start:
                    yield day
