"""When a schedule fires, in words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

    from skylift_contract.schedule import Schedule

_DAYS: Final = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def often(schedule: Schedule) -> str:
    """`every day at 02:00 (Europe/Berlin)`; an expression that is not of the usual ones as it stands."""
    said = schedule.describe()
    if schedule.cron_expression is None:
        return said
    return said.replace(
        f"cron {schedule.cron_expression!r}", cron_words(schedule.cron_expression) or schedule.cron_expression
    )


def cron_words(expression: str) -> str:
    """The common kinds of expression in words; empty for any other."""
    minute, hour, day, month, weekday = expression.split()
    if month != "*" or not (minute.isdigit() or _every(minute)):
        return ""
    is_daily = day == weekday == "*"
    if minute_step := _every(minute):
        return _each(minute_step, "minute") if is_daily and hour == "*" else ""
    if hour == "*":
        return f"every hour at :{int(minute):02}" if is_daily else ""
    if not hour.isdigit():
        return ""
    days = "every day" if is_daily else _which(day, weekday)
    return f"{days} at {int(hour):02}:{int(minute):02}" if days else ""


def _every(field: str) -> int | None:
    """The n of `*/n`, and 1 of `*`, where it divides the hour: else the last step is a shorter one."""
    found = re.fullmatch(r"\*(?:/(\d+))?", field)
    if found is None:
        return None
    step = int(found[1] or 1)
    return step if step and 60 % step == 0 else None


def _each(number: int, unit: str) -> str:
    return f"every {unit}" if number == 1 else f"every {number} {unit}s"


def _which(day: str, weekday: str) -> str:
    if day == "*" and weekday == "1-5":
        return "Monday to Friday"
    if day == "*" and weekday in {*"01234567"}:
        return f"every {_DAYS[int(weekday)]}"
    if weekday == "*" and day.isdigit():
        return f"on day {int(day)} of the month"
    return ""


def moment(fire: datetime) -> str:
    """In the zone that the time is in."""
    return fire.strftime("%Y-%m-%d %H:%M %Z")


def here(fire: datetime) -> str:
    """On the reader's own clock; empty where that shows the same."""
    local = fire.astimezone()
    return "" if local.utcoffset() == fire.utcoffset() else f"{moment(local)} here"
