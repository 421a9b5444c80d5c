"""A wait without a cap, which says where it waits for nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skylift.coordination.polling import PAUSES_S, SILENCE_S, pausing, until_ended
from skylift.observer import Silent, observed
from skylift_contract.enums import ExecutionStatus as Status
from skylift_contract.errors import PermissionDenied, QuotaExceeded, Transient
from skylift_contract.status import RunStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RUNNING, STOPPED = RunStatus(Status.RUNNING), RunStatus(Status.STOPPED)
NO_ANSWER = Transient("it is busy", operation="cloud:Describe")


def answering(*told: RunStatus | Exception) -> Callable[[], RunStatus]:
    answers: Iterator[RunStatus | Exception] = iter(told)

    def look() -> RunStatus:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        return found

    return look


class Clock(Silent):
    """Time that passes in pauses alone; and what was noted, when."""

    def __init__(self) -> None:
        self.seconds, self.notes = 0.0, list[str]()

    def now(self) -> float:
        return self.seconds

    def pause(self, seconds: float) -> None:
        self.seconds += seconds

    def note(self, text: str) -> None:
        self.notes.append(text)


def test_it_ends_when_the_run_does_and_not_before() -> None:
    """However long: the pauses grow to the last of them, and there is no cap."""
    found: list[float] = []
    until_ended(answering(*[RUNNING] * 500, STOPPED), found.append)
    assert len(found) == 500
    assert tuple(found[:5]) == PAUSES_S
    assert set(found[5:]) == {PAUSES_S[-1]}


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.FAILED, Status.STOPPED])
def test_every_end_ends_it(status: Status) -> None:
    until_ended(answering(RunStatus(status)), lambda _: pytest.fail("it has ended"))


def test_what_is_no_silence_is_raised() -> None:
    with pytest.raises(PermissionDenied):
        until_ended(answering(NO_ANSWER, PermissionDenied("no", operation="x")), lambda _: None)
    quota = QuotaExceeded("calls a minute", operation="x")
    until_ended(answering(quota, STOPPED), lambda _: None, again_after=(QuotaExceeded,))


def test_who_does_not_answer_for_long_is_told_once_and_anew_after_an_answer() -> None:
    clock = Clock()
    silence = [NO_ANSWER] * 10
    with observed(clock):
        look = answering(RUNNING, *silence, RUNNING, *silence, STOPPED)
        until_ended(look, clock.pause, now=clock.now)
    assert len(clock.notes) == 2
    assert clock.notes[1] == "no answer for 45 s, and it is asked on: cloud:Describe: it is busy."


def test_a_moment_of_silence_is_not_told() -> None:
    clock = Clock()
    with observed(clock):
        until_ended(answering(RUNNING, NO_ANSWER, STOPPED), clock.pause, now=clock.now)
    assert clock.notes == []
    assert clock.seconds < SILENCE_S


@pytest.mark.parametrize(("poll_s", "slept"), [(None, [0.5, 15.0]), (0.1, [0.1, 0.1]), (2.0, [0.5, 2.0])])
def test_a_pause_is_as_long_as_the_option_says_at_most(
    poll_s: float | None, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[float] = []
    monkeypatch.setattr("time.sleep", found.append)
    for seconds in (0.5, 15.0):
        pausing(poll_s)(seconds)
    assert found == slept
