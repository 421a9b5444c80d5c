"""Looking at a run of a backend, again and again, until it has ended."""

from __future__ import annotations

import time
from itertools import chain, repeat
from typing import TYPE_CHECKING, Final

from skylift import observer
from skylift_contract.errors import BackendError, Transient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from skylift_contract.status import RunStatus

PAUSES_S: Final = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Between two looks at a run; the last for as long as it takes."""

SILENCE_S: Final = 30.0
"""After which it is said that nobody answers: longer than what a client tries again by itself."""


def pauses() -> Iterator[float]:
    return chain(PAUSES_S, repeat(PAUSES_S[-1]))


def pausing(poll_s: float | None) -> Callable[[float], None]:
    """What sleeps as long as it is asked to, and at most `poll_s` seconds where there is such a limit."""
    return time.sleep if poll_s is None else lambda seconds: time.sleep(min(seconds, poll_s))


def until_ended(
    look: Callable[[], RunStatus],
    pause: Callable[[float], object],
    *,
    again_after: tuple[type[BackendError], ...] = (Transient,),
    now: Callable[[], float] = time.monotonic,
) -> None:
    """Return when the run has ended, however it did and however long it takes.

    A look that is not answered is taken again, and after a while somebody is told.

    Args:
        look: How the run stands.
        pause: Between two looks, so many seconds.
        again_after: Errors of a look that say nothing of the run.
        now: The machine's clock, in seconds.
    """
    answered, is_told = now(), False
    for seconds in pauses():
        try:
            if look().status.is_finished:
                return
            answered, is_told = now(), False
        except again_after as error:
            silent = now() - answered
            if silent > SILENCE_S and not is_told:
                is_told = True
                observer.current().note(f"no answer for {silent:.0f} s, and it is asked on: {error}")
        pause(seconds)
