"""A schedule as Vertex's words: five fields of cron after the name of their time zone.

Source: cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.schedules
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.closest_cron import closest_cron
from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from skylift_contract.cron import CronExpression
    from skylift_contract.schedule import Schedule

NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)
"""The end of what has none: an end that is there can be moved, and not taken away."""

SECOND: Final = timedelta(seconds=1)


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


def _refusal(schedule: Schedule) -> ConfigurationError:
    kind = "interval_second" if schedule.interval_second is not None else "run_once_start_time"
    return ConfigurationError(
        "Vertex AI schedules by cron alone",
        who=f"Schedule.{kind}",
        value=str(getattr(schedule, kind)),
        fix=f"The closest: {closest_cron(schedule)}.",
    )


def moment_text(moment: datetime) -> str:
    """As protobuf's JSON has it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"
