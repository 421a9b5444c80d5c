from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from skylift_testkit.emulator.clock import Clock
from skylift_testkit.emulator.real_time import RealTime

if TYPE_CHECKING:
    from skylift_testkit.emulator.clock import Upcoming

WAIT_S = 20.0
DAY = timedelta(days=1)
SOON = timedelta(seconds=0.05)


class Diary:
    """Moments at which one thing fires, and those at which it did."""

    def __init__(self, clock: Clock, *moments: datetime) -> None:
        self.clock, self.moments = clock, list(moments)
        self.fired, self.came = list[datetime](), threading.Semaphore(0)

    def upcoming(self) -> Upcoming:
        moments = sorted(self.moments)
        return {"one": lambda after: next((one for one in moments if one > after), None)}

    def fire(self, name: str, moment: datetime) -> None:
        assert (name, self.clock.now() >= moment) == ("one", True)
        self.fired.append(moment)
        self.came.release()

    def in_real_time(self) -> RealTime:
        return RealTime(self.clock, self.upcoming, self.fire)


def test_each_moment_fires_once_when_the_clock_is_there() -> None:
    clock = Clock()
    diary = Diary(clock, *[clock.now() + n * SOON for n in (1, 2, 3)])
    with diary.in_real_time():
        for _ in diary.moments:
            assert diary.came.acquire(timeout=WAIT_S)
    assert diary.fired == diary.moments


def test_what_was_due_before_fires_at_once() -> None:
    """Nothing that is due is passed over, also where nobody looked for a while."""
    clock = Clock()
    made = clock.now()
    while clock.now() == made:
        pass
    diary = Diary(clock, made + (clock.now() - made) / 2)
    with diary.in_real_time():
        assert diary.came.acquire(timeout=WAIT_S)


def test_it_is_woken_by_what_comes_to_be_upcoming() -> None:
    clock = Clock()
    diary = Diary(clock, clock.now() + DAY)
    with diary.in_real_time():
        diary.moments.append(clock.now() + SOON)
        clock.wake()
        assert diary.came.acquire(timeout=WAIT_S)
    assert diary.fired == diary.moments[1:]


def test_it_goes_on_from_where_the_clock_is_turned_to() -> None:
    clock = Clock()
    diary = Diary(clock, clock.now() + DAY)
    with diary.in_real_time():
        clock.turn(diary.moments[0] - SOON, diary.upcoming, diary.fire)
        assert diary.came.acquire(timeout=WAIT_S)
    assert diary.fired == diary.moments


def test_it_waits_for_what_is_farther_off_than_a_thread_can_wait() -> None:
    clock = Clock()
    diary = Diary(clock, clock.now().replace(year=9999))
    with diary.in_real_time():
        diary.moments.append(clock.now() + SOON)
        clock.wake()
        assert diary.came.acquire(timeout=WAIT_S)


def test_nothing_fires_after_its_end() -> None:
    clock = Clock()
    diary = Diary(clock, clock.now() + DAY)
    with diary.in_real_time():
        pass
    later = Diary(clock, *diary.moments)
    clock.turn(clock.now() + DAY, later.upcoming, later.fire)
    assert (diary.fired, later.fired) == ([], diary.moments)
