"""Standard cron: five fields, as in crontab(5).

    minute  hour  day of month  month  day of week

A field is `*`, or a list of numbers, names (`JAN`, `mon`; case is free) and ranges; `*` and
ranges take a step (`*/15`, `8-18/2`). 0 and 7 are Sunday, and a range may end with it
(`fri-sun`, `5-7`); no other range goes round the end. `@daily` and its like stand for their
five fields.

Narrower than some readers, for what one backend reads another refuses or reads differently:
`5/15` (write `5-59/15`), `1-5,*`, a step longer than its field (`*/90` fires each hour),
Quartz's `? L W #`, seconds, years, `TZ=`. Each is refused with what to write instead, and
so is a date that no month has.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from skylift_contract.errors import ConfigurationError, UnknownName
from skylift_contract.fire_times import fire_times
from skylift_contract.time_zones import zone

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

MACROS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "@hourly": "0 * * * *",
        "@daily": "0 0 * * *",
        "@midnight": "0 0 * * *",
        "@weekly": "0 0 * * 0",
        "@monthly": "0 0 1 * *",
        "@yearly": "0 0 1 1 *",
        "@annually": "0 0 1 1 *",
    }
)


@dataclass(frozen=True, slots=True)
class CronField:
    """One field, expanded.

    Args:
        values: Every value that matches, ascending; days of the week are 0 (Sunday) to 6.
        starred: Whether it was written with a leading `*`, steps included: crontab(5) takes
            such a field of days for unrestricted.
        portable: Another spelling of the same field: numbers, ranges upwards and a leading
            `*` or `*/n`, with Sunday as 0; no names.
    """

    values: tuple[int, ...]
    starred: bool
    portable: str


@dataclass(frozen=True, slots=True)
class CronExpression:
    """A cron expression that was understood; make it with `CronExpression.parse`.

    Args:
        text: Its five fields with one space between; macros are replaced by what they stand for.
    """

    text: str
    minute: CronField
    hour: CronField
    day_of_month: CronField
    month: CronField
    day_of_week: CronField

    @classmethod
    def parse(cls, text: str) -> CronExpression:
        """Raises `ConfigurationError`, naming the field, the value and what it may be."""
        return _parsed(" ".join(text.split()))

    @property
    def days_either(self) -> bool:
        """Whether a day matches when its date *or* its weekday does, as crontab(5) has it.

        So it is when both fields are restricted; with a leading `*` in one, both must match.
        """
        return not (self.day_of_month.starred or self.day_of_week.starred)

    @property
    def fixed_time(self) -> bool:
        """Whether neither minute nor hour has a leading `*`; see `fire_times` for what follows."""
        return not (self.minute.starred or self.hour.starred)

    @property
    def portable(self) -> str:
        """Five fields in the spelling that the most readers share: `0 2 * * 0,5-6` for `fri-sun`.

        Kubernetes, for one, has no 7 for Sunday and no range that ends with it.
        """
        fields = (self.minute, self.hour, self.day_of_month, self.month, self.day_of_week)
        return " ".join(each.portable for each in fields)

    def days_of(self, year: int, month: int) -> list[int]:
        """The days of that month on which it fires, ascending; none if the month does not match."""
        if month not in self.month.values:
            return []
        weekday, length = calendar.monthrange(year, month)  # of the first; Monday is 0
        join = any if self.days_either else all
        return [
            day
            for day in range(1, length + 1)
            if join((day in self.day_of_month.values, (weekday + day) % 7 in self.day_of_week.values))
        ]

    def fires(self, after: datetime, tz: str = "UTC") -> Iterator[datetime]:
        """See `fire_times`. Raises `UnknownName` for a zone that is none."""
        return fire_times(self, after, zone(tz, "time zone"))

    def next_fire(self, after: datetime, tz: str = "UTC") -> datetime | None:
        """The first fire time strictly after a moment; None where the calendar ends (year 9999)."""
        return next(self.fires(after, tz), None)


@dataclass(frozen=True, slots=True)
class _Kind:
    """One of the five places: its bounds, and the names that stand for its values."""

    name: str
    low: int
    high: int
    allowed: str
    names: Mapping[str, int] = field(default_factory=dict[str, int])


_MONTH_NAMES: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAY_NAMES: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_MONTHS: Final = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}
_WEEKDAYS: Final = {name: number for number, name in enumerate(_WEEKDAY_NAMES)}
_MINUTE: Final = _Kind("minute", 0, 59, "0-59")
_HOUR: Final = _Kind("hour", 0, 23, "0-23")
_DAY: Final = _Kind("day of month", 1, 31, "1-31")
_MONTH: Final = _Kind("month", 1, 12, "1-12 or JAN-DEC", _MONTHS)
_WEEKDAY: Final = _Kind("day of week", 0, 7, "0-7 or SUN-SAT, where 0 and 7 are Sunday", _WEEKDAYS)
_KINDS: Final = (_MINUTE, _HOUR, _DAY, _MONTH, _WEEKDAY)
_ORDER: Final = ", ".join(kind.name for kind in _KINDS)
_LONGEST_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@lru_cache
def _parsed(text: str) -> CronExpression:
    who = f"cron expression {text!r}"
    text = _standard(text, who)
    words = text.split(" ")
    if len(words) != len(_KINDS):
        raise _wrong_count(len(words) if text else 0, who)
    fields = (_field(word, kind, who) for word, kind in zip(words, _KINDS, strict=True))
    expression = CronExpression(text, *fields)
    _check_it_fires(expression, who)
    return expression


def _standard(text: str, who: str) -> str:
    """Replace a macro, and refuse what other dialects put in front."""
    if text.startswith(("TZ=", "CRON_TZ=")):
        raise ConfigurationError(
            "it names a time zone", who=who, fix="Say it beside: timezone='Europe/Berlin'."
        )
    if text == "@reboot":
        raise ConfigurationError(
            "nothing here boots, so it would never fire", who=who, fix="Say when to run."
        )
    if text.startswith("@every"):
        raise ConfigurationError("it is an interval", who=who, fix="Use interval_second=timedelta(…).")
    if text.startswith("@") and text not in MACROS:
        raise UnknownName("cron macro", text, MACROS)
    return MACROS.get(text, text)


def _wrong_count(count: int, who: str) -> ConfigurationError:
    fixes = {
        6: "Leave out the seconds, which Quartz has in front, or the year, which EventBridge has at the end.",
        7: "Leave out the seconds in front and the year at the end, which are Quartz's.",
    }
    return ConfigurationError(
        f"it has {count} fields, and standard cron has five",
        who=who,
        limit=_ORDER,
        fix=fixes.get(count, "Write five fields, as in '0 2 * * *' for 02:00 each day."),
    )


def _field(word: str, kind: _Kind, who: str) -> CronField:
    who = f"{who}, {kind.name}"
    items = word.split(",")
    if len(items) > 1 and "*" in items:
        raise ConfigurationError(
            "'*' in a list already means all", who=who, value=word, fix="Write '*' alone."
        )
    values = _values(items, kind, who)
    if not word.startswith("*"):
        return CronField(values, starred=False, portable=_ranges(values))
    rest = _ranges(_values(items[1:], kind, who))
    return CronField(values, starred=True, portable=f"{items[0]},{rest}" if rest else items[0])


def _values(items: list[str], kind: _Kind, who: str) -> tuple[int, ...]:
    values = {value for item in items for value in _item(item, kind, who)}
    return tuple(sorted({value % 7 for value in values} if kind is _WEEKDAY else values))


def _ranges(values: tuple[int, ...]) -> str:
    """`0,5-7` for 0, 5, 6 and 7."""
    runs = [
        [number for _, number in run] for _, run in groupby(enumerate(values), lambda pair: pair[1] - pair[0])
    ]
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _item(item: str, kind: _Kind, who: str) -> range:
    """Expand one item of a list: `*`, `3`, `mon-fri`, `*/15`, `8-18/2`."""
    span, slash, step = item.partition("/")
    low, dash, high = span.partition("-")
    if span == "*":
        bounds = range(kind.low, 7 if kind is _WEEKDAY else kind.high + 1)
    elif dash:
        bounds = _range(_number(low, kind, who), high, kind, who)
    else:
        start = _number(low, kind, who)
        bounds = range(start, start + 1)
        if slash:
            fix = f"Write '{low}-{kind.high}/{step}'."
            raise ConfigurationError("a step needs a range", who=who, value=item, fix=fix)
    return bounds[:: _step(step, bounds, item, who)] if slash else bounds


def _range(low: int, high_text: str, kind: _Kind, who: str) -> range:
    high = _number(high_text, kind, who)
    if kind is _WEEKDAY and high_text.lower() == "sun":
        high = 7 if low else 0
    if high < low:
        fix = f"Write it as two: '{low}-{kind.high},{kind.low}-{high}'."
        raise ConfigurationError("the range goes backwards", who=who, value=f"{low}-{high}", fix=fix)
    return range(low, high + 1)


def _step(text: str, bounds: range, item: str, who: str) -> int:
    step = int(text) if _is_number(text) else 0
    if step < 1:
        raise ConfigurationError("the step is not a number from 1 up", who=who, value=item)
    if step > len(bounds):
        raise ConfigurationError(
            "the step is longer than what it steps through, so only the first value would match",
            who=who,
            value=item,
            limit=f"1-{len(bounds)}",
            fix="Write that value alone, or use interval_second for a longer period.",
        )
    return step


def _number(text: str, kind: _Kind, who: str) -> int:
    if text.lower() in kind.names:
        return kind.names[text.lower()]
    if not _is_number(text):
        fix = (
            "Quartz's ?, L, W and # are not standard cron; for ? write *." if set(text) & set("?LW#") else ""
        )
        raise ConfigurationError(
            "it is no number or name that this field has", who=who, value=text, limit=kind.allowed, fix=fix
        )
    if not kind.low <= int(text) <= kind.high:
        raise ConfigurationError("it is out of range", who=who, value=text, limit=kind.allowed)
    return int(text)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _check_it_fires(expression: CronExpression, who: str) -> None:
    """Refuse the 30th of February; every date that exists falls on each weekday in some year."""
    longest = max(_LONGEST_MONTHS[month - 1] for month in expression.month.values)
    if not expression.days_either and expression.day_of_month.values[0] > longest:
        day = expression.day_of_month.values[0]
        raise ConfigurationError(
            "it would never fire: no month of it has that day",
            who=who,
            value=day,
            limit=f"{longest} days",
            fix="Choose a day that its months have.",
        )
