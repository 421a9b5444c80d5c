"""What happens while a run is made, told to whoever shows it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from datetime import datetime

    from skylift.models import PipelineRun
    from skylift_contract.enums import ExecutionStatus
    from skylift_contract.snapshot import PipelineSnapshot
    from skylift_contract.status import RunStatus


@dataclass(frozen=True, slots=True)
class StepEvent:
    """A step of the run now stands like this.

    `seconds`: what it took, once it has ended. `so_far`: seconds that it had run when this was told.
    """

    invocation: str
    status: ExecutionStatus
    reason: str = ""
    attempt: int = 0
    seconds: float | None = None
    so_far: float = 0.0


class Observer(Protocol):
    """Shows a run; methods are called one after another, whatever threads do it.

    `closed` comes last and always, whatever was raised: a display gives the terminal back.
    """

    def submitting(self, snapshot: PipelineSnapshot, flavor: str, store: str) -> None: ...

    def note(self, text: str) -> None: ...

    def started(self, run_id: str, so_far: float = 0.0) -> None:
        """The run has this id, and began so many seconds ago."""
        ...

    def step(self, event: StepEvent) -> None: ...

    def ended(self, run: PipelineRun, status: RunStatus) -> None: ...

    def deployed(self, name: str, fires: Sequence[datetime]) -> None: ...

    def closed(self) -> None: ...


class Silent:
    """Shows nothing."""

    def submitting(self, snapshot: PipelineSnapshot, flavor: str, store: str) -> None: ...

    def note(self, text: str) -> None: ...

    def started(self, run_id: str, so_far: float = 0.0) -> None: ...

    def step(self, event: StepEvent) -> None: ...

    def ended(self, run: PipelineRun, status: RunStatus) -> None: ...

    def deployed(self, name: str, fires: Sequence[datetime]) -> None: ...

    def closed(self) -> None: ...


SILENT: Final = Silent()
_CURRENT: ContextVar[Observer] = ContextVar("skylift_observer", default=SILENT)


def current() -> Observer:
    """Whoever shows the run that this context makes."""
    return _CURRENT.get()


@contextmanager
def observed(observer: Observer) -> Generator[Observer]:
    """Have an observer told of what this context does, and close it at the end."""
    token = _CURRENT.set(observer)
    try:
        yield observer
    finally:
        _CURRENT.reset(token)
        observer.closed()


class _InTurn:
    """An observer that several threads tell, one at a time."""

    def __init__(self, observer: Observer) -> None:
        self._observer, self._lock = observer, threading.RLock()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._observer, name)

        def told(*args: Any, **kwargs: Any) -> None:
            with self._lock:
                method(*args, **kwargs)

        return told


@contextmanager
def told_in_turn() -> Generator[None]:
    """Let threads that are given this context tell the observer, too."""
    token = _CURRENT.set(cast("Observer", _InTurn(_CURRENT.get())))
    try:
        yield
    finally:
        _CURRENT.reset(token)
