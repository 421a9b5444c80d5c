"""When EventBridge Scheduler invokes its target: `cron(…)`, `rate(…)` and `at(…)`, read anew.

Nothing here is shared with the plugin, which writes such expressions: what one gets wrong, the other
shows. Pure. Source: docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
LAST_YEAR: Final = 2199
UNITS: Final = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}

Days = set[int]
"""Of a month."""


@dataclass(frozen=True, slots=True)
class Window:
    """Nothing fires before `start` or after `end`; `made`: when the schedule was, or was changed."""

    made: datetime
    start: datetime | None = None
    end: datetime | None = None


class Expression:
    """A schedule's expression and zone.

    Raises `ValueError`, in the service's words, for what it would refuse.
    """

    def __init__(self, text: str, zone: str = "UTC") -> None:
        self._zone = _zone(zone)
        found = re.fullmatch(r"(cron|rate|at)\((.+)\)", text)
        if found is None:
            raise _invalid(text)
        self._fires = {"cron": _cron, "rate": _rate, "at": _at}[found[1]](found[2], self._zone, text)

    def fires(self, window: Window, after: datetime) -> Iterator[datetime]:
        """Each invocation strictly after a moment, in UTC."""
        for moment in self._fires(window, after):
            if window.end is not None and moment > window.end:
                return
            if moment > after and (window.start is None or moment >= window.start):
                yield moment


def _invalid(text: str) -> ValueError:
    return ValueError(f"Invalid Schedule Expression {text}.")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("Invalid Schedule Expression Timezone.") from error


def _at(inner: str, zone: ZoneInfo, text: str) -> Callable[[Window, datetime], Iterator[datetime]]:
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", inner):
        raise _invalid(text)
    try:
        moment = datetime.fromisoformat(inner).replace(tzinfo=zone).astimezone(UTC)
    except ValueError as error:
        raise _invalid(text) from error

    def fires(window: Window, after: datetime) -> Iterator[datetime]:  # noqa: ARG001 -- it has one moment
        yield moment

    return fires


def _rate(inner: str, zone: ZoneInfo, text: str) -> Callable[[Window, datetime], Iterator[datetime]]:  # noqa: ARG001
    found = re.fullmatch(r"([1-9]\d*) (minute|hour|day)(s?)", inner)
    if found is None:
        raise _invalid(text)
    interval = int(found[1]) * UNITS[found[2]]

    def fires(window: Window, after: datetime) -> Iterator[datetime]:
        """The first is at the start date; without one, when the schedule is made."""
        first = window.start or window.made
        n = max(0, (after - first) // interval)
        while True:
            yield first + n * interval
            n += 1

    return fires


def _cron(inner: str, zone: ZoneInfo, text: str) -> Callable[[Window, datetime], Iterator[datetime]]:
    fields = inner.upper().split()
    try:
        if len(fields) != 6 or (fields[2] == "?") == (fields[4] == "?"):
            raise _invalid(text)
        minutes, hours = _values(fields[0], 0, 59), _values(fields[1], 0, 23)
        months, years = _values(fields[3], 1, 12, MONTHS), _values(fields[5], 1970, LAST_YEAR)
        days = _days_of_week(fields[4]) if fields[2] == "?" else _days_of_month(fields[2])
    except (ValueError, IndexError) as error:
        raise _invalid(text) from error
    times = [time(hour, minute) for hour in sorted(hours) for minute in sorted(minutes)]

    def fires(window: Window, after: datetime) -> Iterator[datetime]:
        first = max(after, window.start or after).astimezone(zone).date()
        for day in _dates(first, years, months, days):
            for told in (datetime.combine(day, one) for one in times):
                moment = told.replace(tzinfo=zone).astimezone(UTC)
                # What the clocks leave out comes back as another time, and is left out.
                if moment.astimezone(zone).replace(tzinfo=None) == told:
                    yield moment

    return fires


def _dates(
    first: date, years: set[int], months: set[int], days: Callable[[int, int], Days]
) -> Iterator[date]:
    for year in sorted(year for year in years if year >= first.year):
        for month in sorted(months):
            if (year, month) >= (first.year, first.month):
                found = (date(year, month, day) for day in sorted(days(year, month)))
                yield from (day for day in found if day >= first)


def _values(field: str, low: int, high: int, names: tuple[str, ...] = ()) -> set[int]:
    """Of a field: lists of values, ranges and steps; a name counts from `low`."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span == "*":
            begin, end = low, high
        else:
            begin = _value(first, low, high, names)
            end = _value(last, low, high, names) if dash else (high if step else begin)
        every = int(step) if "/" in part else 1
        if every < 1 or begin > end:
            raise ValueError(part)
        found.update(range(begin, end + 1, every))
    return found


def _value(text: str, low: int, high: int, names: tuple[str, ...]) -> int:
    value = names.index(text) + low if text in names else int(text) if text.isdecimal() else -1
    if not low <= value <= high:
        raise ValueError(text)
    return value


def _days_of_month(field: str) -> Callable[[int, int], Days]:
    if field in {"L", "LW"}:
        return lambda year, month: {_nearest(year, month, monthrange(year, month)[1], field == "LW")}
    if field.endswith("W"):
        day = _value(field[:-1], 1, 31, ())
        return lambda year, month: {_nearest(year, month, day, True)} if day <= _last(year, month) else set()  # noqa: FBT003
    days = _values(field, 1, 31)
    return lambda year, month: {day for day in days if day <= _last(year, month)}


def _last(year: int, month: int) -> int:
    return monthrange(year, month)[1]


def _nearest(year: int, month: int, day: int, weekday: bool) -> int:  # noqa: FBT001 -- LW and L
    """The day itself, or the weekday of the month that is nearest to it."""
    of_week, last = date(year, month, day).weekday(), _last(year, month)
    if not weekday or of_week < 5:
        return day
    if of_week == 5:
        return day - 1 if day > 1 else day + 2
    return day + 1 if day < last else day - 2


def _days_of_week(field: str) -> Callable[[int, int], Days]:
    if "#" in field:
        name, _, which = field.partition("#")
        day, n = _value(name, 1, 7, DAYS), _value(which, 1, 5, ())
        return lambda year, month: set(_of_week(year, month, {day})[n - 1 : n])
    if field.endswith("L"):
        day = _value(field[:-1] or "7", 1, 7, DAYS)
        return lambda year, month: set(_of_week(year, month, {day})[-1:])
    days = _values(field, 1, 7, DAYS)
    return lambda year, month: set(_of_week(year, month, days))


def _of_week(year: int, month: int, days: set[int]) -> list[int]:
    """Days of the month that are such days of the week, where 1 is Sunday."""
    found = range(1, _last(year, month) + 1)
    return [day for day in found if date(year, month, day).isoweekday() % 7 + 1 in days]
