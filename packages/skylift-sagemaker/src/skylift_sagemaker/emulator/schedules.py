"""EventBridge's schedules: refused as the service does, kept by moto, fired by the emulator's clock."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from skylift_sagemaker.emulator.fires import Expression, Window
from skylift_sagemaker.emulator.model import check_request
from skylift_testkit.emulator.server import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from skylift_testkit.emulator.clock import Clock

GROUP = "default"


@dataclass(frozen=True, slots=True)
class Schedule:
    """One as it was last made or changed. `has_fired`: a one-time schedule that did, and is still kept."""

    region: str
    group: str
    name: str
    request: Mapping[str, Any]
    expression: Expression
    window: Window

    @property
    def is_enabled(self) -> bool:
        return self.request.get("State", "ENABLED") == "ENABLED"

    @property
    def is_once(self) -> bool:
        return str(self.request["ScheduleExpression"]).startswith("at(")

    def next(self, after: datetime) -> datetime | None:
        return next(self.expression.fires(self.window, after), None)


class Schedules:
    """Of all regions; what moto keeps is kept here, too, for the clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._schedules: dict[str, Schedule] = {}

    def checked(self, operation: str, region: str, request: Mapping[str, Any]) -> Schedule:
        """The schedule that a call would make; raises the service's `ValidationException`."""
        check_request("scheduler", operation, request)
        try:
            expression = Expression(
                request["ScheduleExpression"], request.get("ScheduleExpressionTimezone", "UTC")
            )
        except ValueError as error:
            raise Refusal(400, "ValidationException", str(error)) from error
        window = Window(self._clock.now(), _moment(request.get("StartDate")), _moment(request.get("EndDate")))
        if window.start and window.end and window.end <= window.start:
            raise Refusal(400, "ValidationException", "EndDate must be after StartDate.")
        return Schedule(region, request.get("GroupName", GROUP), request["Name"], request, expression, window)

    def put(self, schedule: Schedule) -> None:
        with self._lock:
            self._schedules[_key(schedule.region, schedule.group, schedule.name)] = schedule
        self._clock.wake()

    def delete(self, region: str, group: str, name: str) -> None:
        with self._lock:
            self._schedules.pop(_key(region, group, name), None)

    def enabled(self, key: str) -> Schedule | None:
        """None where it is paused, or gone."""
        with self._lock:
            found = self._schedules.get(key)
        return found if found and found.is_enabled else None

    def names(self) -> list[str]:
        """Of all that there are, paused ones too."""
        with self._lock:
            return sorted(one.name for one in self._schedules.values())

    def upcoming(self) -> dict[str, Callable[[datetime], datetime | None]]:
        """What would fire, by key: nothing that is paused, and nothing for the time before it was made."""
        with self._lock:
            found = [(key, one) for key, one in self._schedules.items() if one.is_enabled]
        return {key: _since(one) for key, one in found}

    def next_fires(self, name_or_arn: str, n: int, after: datetime) -> list[datetime]:
        """Its next invocations in UTC, strictly after a moment; raises `LookupError` for no such schedule."""
        name = name_or_arn.rpartition("/")[2]
        with self._lock:
            found = [one for one in self._schedules.values() if one.name == name]
        return list(islice(found[0].expression.fires(found[0].window, after), n))


def _since(schedule: Schedule) -> Callable[[datetime], datetime | None]:
    return lambda after: schedule.next(max(after, schedule.window.made))


def _key(region: str, group: str, name: str) -> str:
    return f"{region}/{group}/{name}"


def _moment(told: Any) -> datetime | None:
    return None if told is None else datetime.fromtimestamp(float(told), UTC)
