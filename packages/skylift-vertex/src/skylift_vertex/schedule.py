"""A schedule as Vertex's words: five fields of cron after the name of their time zone.

Source: cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.schedules
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from skylift_contract.cron import CronExpression
    from skylift_contract.schedule import Schedule

NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""The end of what has none: an end that is there can be moved, and not taken away."""

SECOND: Final = timedelta(seconds=1)
_MINUTES: Final = {
    **{minutes: f"*/{minutes} * * * *" for minutes in (2, 3, 4, 5, 6, 10, 12, 15, 20, 30)},
    **{hours * 60: f"0 */{hours} * * *" for hours in (2, 3, 4, 6, 8, 12)},
    1: "* * * * *",
    60: "0 * * * *",
    1440: "0 0 * * *",
    10_080: "0 0 * * 0",
    43_200: "0 0 1 * *",
}
"""What cron fires at equal intervals, or nearly: minutes → its expression."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """When a schedule fires: `start` and `end` bound it, and are None where nothing does."""

    cron: str
    start: datetime | None = None
    end: datetime | None = None
    concurrent: int | None = None

    def request(self) -> dict[str, Any]:
        """The part of a `Schedule` that says when. A firing that finds too many runs is left out."""
        found: dict[str, Any] = {
            "cron": self.cron,
            "maxConcurrentRunCount": str(self.concurrent or 1),
            "allowQueueing": False,
        }
        bounds = {"startTime": self.start, "endTime": self.end}
        found |= {name: moment_text(moment) for name, moment in bounds.items() if moment is not None}
        if self.concurrent is not None:
            found["maxConcurrentActiveRunCount"] = str(self.concurrent)
        return found


def trigger(schedule: Schedule, now: datetime) -> Trigger:
    """What has Vertex fire when the schedule does; a start that is past is none.

    Raises `ConfigurationError` for an interval and for one moment, with the nearest that cron can say.
    """
    if schedule.cron is None:
        raise _refusal(schedule)
    start = schedule.start_time if schedule.start_time and schedule.start_time > now else None
    end = schedule.end_time + SECOND if schedule.end_time else None  # theirs may be the first without
    return Trigger(cron(schedule.cron, schedule.timezone), start, end, schedule.max_concurrent_runs)


def cron(expression: CronExpression, timezone: str) -> str:
    """`TZ=Europe/Berlin 0 6 * * 1-5`; numbers only, and Sunday is 0."""
    return f"TZ={timezone} {expression.portable}"


def closest(interval: timedelta) -> str:
    """The expression that fires most nearly so often."""
    minutes = interval / timedelta(minutes=1)
    nearest = min(_MINUTES, key=lambda each: max(each / minutes, minutes / each))
    return _MINUTES[nearest]


def _refusal(schedule: Schedule) -> ConfigurationError:
    if schedule.interval_second is not None:
        return ConfigurationError(
            "Vertex AI schedules by cron alone",
            who="Schedule.interval_second",
            value=str(schedule.interval_second),
            fix=f"The closest: Schedule(cron_expression={closest(schedule.interval_second)!r}).",
        )
    assert schedule.run_once_start_time is not None
    moment = schedule.run_once_start_time.astimezone(UTC)
    expression = f"{moment.minute} {moment.hour} {moment.day} {moment.month} *"
    return ConfigurationError(
        "Vertex AI schedules by cron alone",
        who="Schedule.run_once_start_time",
        value=moment.isoformat(),
        fix=f"The closest: Schedule(cron_expression={expression!r}) with an end_time after that moment.",
    )


def moment_text(moment: datetime) -> str:
    """As protobuf's JSON has it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
