"""When a schedule of Vertex fires: five-field cron, by a library that the plugin does not use."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX: Final = re.compile(r"(?:CRON_)?TZ=(\S+)\s+(.+)")


class Cron:
    """`TZ=Europe/Berlin 0 6 * * *`, `CRON_TZ=…`, or five fields in UTC.

    Raises `ValueError` for anything else. Source: aiplatform_v1.Schedule.cron
    """

    def __init__(self, text: str) -> None:
        match = _PREFIX.fullmatch(text)
        zone, self._fields = match.groups() if match else ("UTC", text)
        try:
            self._zone = ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {zone!r}") from error
        if len(self._fields.split()) != 5:
            raise ValueError("it must have five fields")
        try:
            CronSim(self._fields, datetime.now(self._zone))
        except CronSimError as error:
            raise ValueError(str(error)) from error

    def fires(self, after: datetime) -> Iterator[datetime]:
        """In UTC, strictly after a moment."""
        # The library reads whole minutes, and begins after the one that it is given.
        begin = after.astimezone(self._zone).replace(second=0, microsecond=0) - timedelta(minutes=1)
        for moment in CronSim(self._fields, begin):
            found = moment.astimezone(UTC)
            if found > after:
                yield found
