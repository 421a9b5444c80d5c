"""The kit's faults as an emulator is told them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from skylift_testkit.backend import Fault
from skylift_testkit.emulated import EmulatedBackend
from skylift_testkit.emulator import fault_script
from skylift_testkit.emulator.fault_script import Failure, taken

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


class Told:
    """An emulator, and its schedules, that keep what they are told."""

    def __init__(self) -> None:
        self.script: tuple[fault_script.Fault, ...] = ()
        self.turned: list[datetime] = []

    @property
    def schedules(self) -> Told:
        return self

    def names(self) -> list[str]:
        return ["nightly"]

    def next_fires(self, name: str, n: int, after: datetime) -> list[datetime]:
        return [after] * n if name == "nightly" else []

    def executions(self) -> list[str]:
        return ["run"]

    def kept(self) -> list[str]:
        return ["pipeline", "nightly"]

    def turn_clock(self, to: datetime) -> None:
        self.turned.append(to)

    def tell(self, fault: fault_script.Fault) -> None:
        self.script += (fault,)


def meet(told: Told, *operations: str) -> list[Failure | None]:
    """What calls of these operations meet, one after another."""
    met: list[Failure | None] = []
    for operation in operations:
        failure, told.script = taken(told.script, operation)
        met.append(failure)
    return met


def test_it_looks_where_the_emulator_does() -> None:
    told = Told()
    backend = EmulatedBackend(told, frozenset({"Start"}))
    backend.turn_clock(NOON)
    assert (backend.executions(), backend.kept(), backend.schedules()) == (
        ["run"],
        ["pipeline", "nightly"],
        ["nightly"],
    )
    assert (told.turned, backend.next_fires("nightly", 2, NOON)) == ([NOON], [NOON, NOON])


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_can_be_told(fault: Fault) -> None:
    told = Told()
    EmulatedBackend(told, frozenset({"Start"})).inject(fault)
    assert len(told.script) == 1


def test_what_starts_nothing_goes_well() -> None:
    told = Told()
    EmulatedBackend(told, frozenset({"Start"})).inject(Fault.QUOTA)
    assert meet(told, "Describe", "Start", "Start") == [None, Failure.QUOTA, None]


def test_half_way_is_the_second_of_several_calls_and_the_first_of_one() -> None:
    several, one = Told(), Told()
    EmulatedBackend(several, frozenset({"Start"}), frozenset({"Make", "Start"})).inject(Fault.HALF_WAY)
    EmulatedBackend(one, frozenset({"Start"})).inject(Fault.HALF_WAY)
    assert meet(several, "Make", "Start") == [None, Failure.PERMISSION]
    assert meet(one, "Start") == [Failure.PERMISSION]
