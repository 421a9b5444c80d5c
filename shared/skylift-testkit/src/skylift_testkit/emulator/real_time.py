"""Schedules that fire by themselves, while nobody turns the clock."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Self

from skylift_testkit.emulator.clock import earliest

if TYPE_CHECKING:
    from collections.abc import Callable

    from skylift_testkit.emulator.clock import Clock, Upcoming

FOREVER: Final = datetime.max.replace(tzinfo=UTC)


class RealTime:
    """Has everything fire when the clock gets there, from `with` to its end.

    Args:
        clock: To be woken when anything might be due earlier than before.
        upcoming: What would fire.
        fire: Begins what fires, and does not wait for its end. It may be called for what is no longer
            upcoming.
    """

    def __init__(
        self, clock: Clock, upcoming: Callable[[], Upcoming], fire: Callable[[str, datetime], object]
    ) -> None:
        self._clock, self._upcoming, self._fire = clock, upcoming, fire
        self._is_over = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._clock.wake()
        self._thread.join()

    def _run(self) -> None:
        changes = self._clock.changes  # read before all that a change may concern, the end too
        while not self._is_over:
            self._clock.catch_up(self._upcoming, self._fire)
            due = earliest(self._upcoming(), self._clock.fired, FOREVER)
            self._clock.wait(due[0] if due else FOREVER, changes)
            changes = self._clock.changes
