"""A clock that goes with the machine's until it is turned, and what fires while it is."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from skylift_contract.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Upcoming = Mapping[str, Callable[[datetime], datetime | None]]
    """Names, and for each its first firing strictly after a moment."""


def earliest(upcoming: Upcoming, after: datetime, until: datetime) -> tuple[datetime, list[str]] | None:
    """The next moment, up to and with `until`, at which anything fires, and all that does."""
    found = {name: fires(after) for name, fires in upcoming.items()}
    due = {name: moment for name, moment in found.items() if moment is not None and moment <= until}
    if not due:
        return None
    first = min(due.values())
    return first, sorted(name for name, moment in due.items() if moment == first)


class Clock:
    """Times in UTC; `now` never goes back.

    Args:
        machine: The machine's time.
    """

    def __init__(self, machine: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._machine = machine
        self._ahead = timedelta(0)
        self._fired = machine()
        self._turning = threading.Lock()
        self._changed, self._changes = threading.Condition(), 0

    def now(self) -> datetime:
        return self._machine() + self._ahead

    @property
    def fired(self) -> datetime:
        """Whatever was due up to then has fired; where only turns have it fire, `now` goes past this."""
        return self._fired

    @property
    def changes(self) -> int:
        """How often it was turned or woken."""
        return self._changes

    def wake(self) -> None:
        """Have who waits look again at what is due."""
        with self._changed:
            self._changes += 1
            self._changed.notify_all()

    def wait(self, until: datetime, changes: int) -> None:
        """Return at that moment, or once there were more changes than these."""
        rest = min((until - self.now()).total_seconds(), threading.TIMEOUT_MAX)
        with self._changed:
            self._changed.wait_for(lambda: self._changes != changes, rest)

    def turn(
        self, to: datetime, upcoming: Callable[[], Upcoming], fire: Callable[[str, datetime], object]
    ) -> None:
        """Let time pass: whatever is due since the last turn fires in its order, each at its moment.

        What is upcoming is asked for again after each firing, so that one may end or change another.
        Raises `ConfigurationError` where the clock would have to be turned back.
        """
        with self._turning:
            if to < self._fired:
                raise ConfigurationError(
                    "it has gone past that", who="clock", value=to.isoformat(), limit=self._fired.isoformat()
                )
            self._pass(to, upcoming, fire)
        self.wake()

    def catch_up(self, upcoming: Callable[[], Upcoming], fire: Callable[[str, datetime], object]) -> None:
        """Have everything fire that is due by now, as `turn` does."""
        with self._turning:
            to = self.now()
            if to > self._fired:  # the machine's time may have been set back
                self._pass(to, upcoming, fire)

    def _pass(
        self, to: datetime, upcoming: Callable[[], Upcoming], fire: Callable[[str, datetime], object]
    ) -> None:
        while due := earliest(upcoming(), self._fired, to):
            self._fired, names = due
            self._advance(self._fired)
            for name in names:
                fire(name, self._fired)
        self._fired = to
        self._advance(to)

    def _advance(self, to: datetime) -> None:
        self._ahead = max(self._ahead, to - self._machine())
