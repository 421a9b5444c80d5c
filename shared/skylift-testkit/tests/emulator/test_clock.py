from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skylift_contract.errors import ConfigurationError
from skylift_testkit.emulator.clock import Clock, earliest

START = datetime(2031, 5, 1, tzinfo=UTC)
MINUTES = st.lists(st.integers(1, 200), max_size=10)


def times(minutes: list[int]) -> list[datetime]:
    return sorted({START + timedelta(minutes=one) for one in minutes})


def upcoming_of(found: dict[str, list[datetime]]) -> dict[str, Upcoming]:
    return {name: Upcoming(moments) for name, moments in found.items()}


class Upcoming:
    def __init__(self, moments: list[datetime]) -> None:
        self.moments = moments

    def __call__(self, after: datetime) -> datetime | None:
        return next((one for one in self.moments if one > after), None)


def still() -> Clock:
    """A clock on a machine whose time stands still."""
    return Clock(lambda: START)


@given(MINUTES, MINUTES, st.lists(st.integers(0, 250), min_size=1, max_size=4))
def test_each_firing_comes_once_at_its_moment_however_the_clock_is_turned(
    one: list[int], other: list[int], turns: list[int]
) -> None:
    told = {"one": times(one), "other": times(other)}
    clock, fired = still(), list[tuple[datetime, str]]()

    def fire(name: str, moment: datetime) -> None:
        assert clock.now() == moment
        fired.append((moment, name))

    for minute in sorted(turns):
        clock.turn(START + timedelta(minutes=minute), lambda: upcoming_of(told), fire)
        assert clock.now() == START + timedelta(minutes=minute)
    expected = [
        (moment, name) for name, moments in told.items() for moment in moments if moment <= clock.now()
    ]
    assert fired == sorted(expected)


@given(MINUTES, MINUTES, st.integers(0, 250))
def test_the_earliest_is_the_least_after_a_moment(one: list[int], other: list[int], until: int) -> None:
    end = START + timedelta(minutes=until)
    found = earliest(upcoming_of({"one": times(one), "other": times(other)}), START, end)
    due = [moment for moment in times(one) + times(other) if moment <= end]
    assert (found and found[0]) == (min(due) if due else None)


def test_a_firing_may_end_another() -> None:
    clock, fired = still(), list[str]()
    told = {"a": times([1, 2]), "b": times([3])}

    def fire(name: str, moment: datetime) -> None:
        fired.append(name)
        told.pop("b", None)

    clock.turn(START + timedelta(hours=1), lambda: upcoming_of(told), fire)
    assert fired == ["a", "a"]


def test_it_is_not_turned_back() -> None:
    clock = still()
    clock.turn(START + timedelta(days=1), dict, lambda name, moment: None)
    with pytest.raises(
        ConfigurationError,
        match=r"^clock: it has gone past that \(got '2031-05-01T00:00:00\+00:00', limit: 2031-05-02T00:00:00\+00:00\)\.$",
    ):
        clock.turn(START, dict, lambda name, moment: None)


@given(MINUTES, st.lists(st.integers(0, 250), min_size=1, max_size=5))
def test_what_is_due_by_now_fires_once_however_often_it_is_looked_for(
    found: list[int], looks: list[int]
) -> None:
    now = [START]
    clock, fired = Clock(lambda: now[0]), list[datetime]()
    for minute in looks:  # a machine's time may also be set back
        now[0] = START + timedelta(minutes=minute)
        clock.catch_up(lambda: upcoming_of({"one": times(found)}), lambda _name, moment: fired.append(moment))
    latest = START + timedelta(minutes=max(looks))
    assert fired == [one for one in times(found) if one <= latest]
    assert clock.fired == latest


def test_what_has_fired_is_not_what_the_machine_has_passed() -> None:
    now = [START]
    clock = Clock(lambda: now[0])
    now[0] += timedelta(hours=1)
    assert (clock.now(), clock.fired) == (now[0], START)
    clock.turn(now[0], dict, lambda _name, _moment: None)
    assert clock.fired == now[0]


def test_a_wait_ends_with_a_turn_and_with_its_moment() -> None:
    clock = still()
    seen = clock.changes
    clock.turn(START, dict, lambda _name, _moment: None)
    clock.wait(START + timedelta(days=1), seen)
    clock.wait(START, clock.changes)
