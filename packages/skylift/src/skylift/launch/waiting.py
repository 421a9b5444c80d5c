"""While a backend makes a run: its steps are shown, and whoever stops waiting hears that it goes on."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from skylift.following import FIRST_PAUSE_S, GROWTH, LONGEST_PAUSE_S, Recorded
from skylift.stacks.build import store_hint
from skylift_contract.errors import AuthenticationError, PermissionDenied, QuotaExceeded, RunGoesOn, Transient

if TYPE_CHECKING:
    from collections.abc import Generator

    from skylift.models import PipelineRun
    from skylift.observer import Observer

UNANSWERED: Final = (AuthenticationError, PermissionDenied, QuotaExceeded, Transient)
"""What a backend says to whoever asks, and not of the run that is asked for."""


@contextmanager
def shown(run: PipelineRun, observer: Observer) -> Generator[None]:
    """Wait in the body: meanwhile a thread tells the observer what the run's ledger says.

    Once the run has ended, what only its backend knows is told, too: of steps that it never began.
    """
    if run.id is None:
        yield  # its steps will say which run it is
        return
    over, recorded = threading.Event(), Recorded(run, observer)
    telling = threading.Thread(target=_tell, args=(recorded, over), name="steps", daemon=True)
    telling.start()
    try:
        yield
    finally:
        over.set()
        telling.join()
    recorded.close(run.fetch().steps)


def _tell(recorded: Recorded, over: threading.Event) -> None:
    pause = FIRST_PAUSE_S
    while not over.wait(pause):
        pause = FIRST_PAUSE_S if recorded.look() else min(pause * GROWTH, LONGEST_PAUSE_S)
    recorded.look()


@contextmanager
def left_running(run: PipelineRun) -> Generator[None]:
    """Wait in the body for what another machine runs.

    Whatever ends the waiting before the run says that it goes on, how to look at it, and how to end it.
    """
    if run.id is None:
        yield
        return
    try:
        yield
    except KeyboardInterrupt:
        hint = f"{run.id}{store_hint(run.ledger.store.uri)}"
        told = f"no longer waiting: run {run.id} goes on\nnext: skylift runs watch {hint}\n"
        raise KeyboardInterrupt(f"{told}      skylift runs stop {hint}") from None
    except UNANSWERED as error:
        raise RunGoesOn(
            f"it goes on, and could not be waited for to its end: {str(error).rstrip('.')}",
            who=f"run {run.id}",
            fix=f"Then: skylift runs watch {run.id}{store_hint(run.ledger.store.uri)}",
        ) from error
