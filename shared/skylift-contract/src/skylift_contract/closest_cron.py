"""What a schedule without cron comes nearest to in cron, for platforms that know nothing else."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from skylift_contract.schedule import Schedule

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


def closest_cron(schedule: Schedule) -> str:
    """How it is written: `Schedule(cron_expression='*/15 * * * *')`; one moment with its bounds, in UTC."""
    if schedule.interval_second is not None:
        return f"Schedule(cron_expression={_often(schedule.interval_second)!r})"
    if schedule.run_once_start_time is not None:
        moment = schedule.run_once_start_time.astimezone(UTC)
        expression = f"{moment.minute} {moment.hour} {moment.day} {moment.month} *"
        return (
            f"Schedule(cron_expression={expression!r}) with a start_time and an end_time around that moment"
        )
    return f"Schedule(cron_expression={schedule.cron_expression!r})"


def _often(interval: timedelta) -> str:
    """The expression that fires most nearly so often."""
    minutes = interval / timedelta(minutes=1)
    nearest = min(_MINUTES, key=lambda each: max(each / minutes, minutes / each))
    return _MINUTES[nearest]
