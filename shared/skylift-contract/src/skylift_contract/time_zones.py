"""From a zone's wall clock to instants, and back, where the clocks change."""

from __future__ import annotations

import difflib
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Final, cast
from zoneinfo import ZoneInfo, available_timezones

from skylift_contract.errors import ConfigurationError, UnknownName

if TYPE_CHECKING:
    from collections.abc import Iterable

SECOND: Final = timedelta(seconds=1)

_THIS_MACHINES: Final = frozenset({"localtime", "Factory"})


@lru_cache
def zone(name: str, who: str) -> tzinfo:
    """The IANA zone of that name, spelled exactly.

    What some machines have besides (`localtime`, `posixrules`, `right/…`) is refused: it
    means something else, or nothing, on the next.

    Raises `UnknownName` with the nearest name, or `ConfigurationError`.
    """
    if name == "UTC":
        return UTC  # needs no time zone data, which a small image may lack
    known = available_timezones() - _THIS_MACHINES
    if name in known:
        return ZoneInfo(name)
    raise _unknown(name, known, who)


def instants(wall: datetime, tz: tzinfo) -> tuple[datetime, ...]:
    """The instants, in UTC and in order, at which a zone's clocks show a naive time.

    One, as a rule; none where the clocks are put forward over it; two where they are put back.
    """
    before, after = _offsets(wall, tz)
    if before == after:
        return (_at(wall, before),)
    return () if before < after else (_at(wall, before), _at(wall, after))


def gap_end(wall: datetime, tz: tzinfo) -> datetime:
    """The instant, in UTC, at which the clocks jump over a naive time that they never show."""
    before, after = _offsets(wall, tz)
    low, high = _at(wall, after), _at(wall, before)
    while high - low > SECOND:
        middle = low + (high - low) // 2
        if middle.astimezone(tz).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def earliest_wall(instant: datetime, tz: tzinfo) -> datetime:
    """The earliest naive time that a zone's clocks may show at or after an instant.

    In the first pass of a repeated hour that is up to an hour back: it will be shown again.
    """
    wall = instant.astimezone(tz).replace(tzinfo=None, fold=0)
    before, after = _offsets(wall, tz)
    return wall - max(before - after, timedelta(0))


def _offsets(wall: datetime, tz: tzinfo) -> tuple[timedelta, timedelta]:
    """The offsets from UTC of the two readings of a naive time (PEP 495).

    Equal as a rule; in a gap the first is the smaller, in a repeated hour the greater.
    """
    first = wall.replace(tzinfo=tz, fold=0)
    return cast("timedelta", first.utcoffset()), cast("timedelta", first.replace(fold=1).utcoffset())


def _at(wall: datetime, offset: timedelta) -> datetime:
    return (wall - offset).replace(tzinfo=UTC)


def _unknown(name: str, known: Iterable[str], who: str) -> ConfigurationError:
    places = [place for place in known if "/" in place]
    if not places:
        return ConfigurationError(
            "this machine has no time zone data", who=who, value=name, fix="Install it: pip install tzdata"
        )
    # Abbreviations are left out: the nearest to PST is EST, three hours away.
    if difflib.get_close_matches(name, places, n=1):
        return UnknownName("time zone", name, places, who=who)
    return ConfigurationError(
        "it is not an IANA time zone",
        who=who,
        value=name,
        fix="Name a place, as in 'Europe/Berlin', or 'UTC'.",
    )
