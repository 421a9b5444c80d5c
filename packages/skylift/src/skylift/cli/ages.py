"""Ages, as people type them: `30d`, `12h`, `90m`, `2w`, `0s`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    _Type = click.ParamType[timedelta]
else:
    _Type = click.ParamType  # before click 8.2 it takes no parameter

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGE: Final = re.compile(r"(\d{1,6})([smhdw])")


class Age(_Type):
    """A whole number of seconds, minutes, hours, days or weeks."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        match = _AGE.fullmatch(str(value))
        if match is None:
            self.fail(f"{value!r} is no age: give a number and s, m, h, d or w, such as 30d", param, ctx)
        return timedelta(**{_UNITS[match[2]]: int(match[1])})


AGE: Final = Age()


def written(age: timedelta) -> str:
    """An age as it may be typed, in the largest unit that it is a whole number of."""
    for unit, name in reversed(_UNITS.items()):
        number, rest = divmod(age, timedelta(**{name: 1}))
        if number and not rest:
            return f"{number}{unit}"
    return "0s"
