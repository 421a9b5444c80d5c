"""Taking calls through their steps: what all flows of one orchestration share."""

from __future__ import annotations

import contextvars
import threading
import time
from collections import deque
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from skylift import observer
from skylift.authoring.trace import taking_calls
from skylift.dynamic.isolated import run_isolated
from skylift.dynamic.placement import placement
from skylift.dynamic.slots import Slots
from skylift.observer import StepEvent
from skylift.runtime.active import Outcome
from skylift.runtime.cached import look, take
from skylift.runtime.failures import summary
from skylift.runtime.interrupts import raise_if_asked, wait_until
from skylift.runtime.invocation import execute_invocation
from skylift.runtime.isolation import StepProcesses
from skylift.runtime.outcomes import close_attempt
from skylift.runtime.processes import STOP_GRACE_S
from skylift_contract.enums import ExecutionMode, ExecutionStatus
from skylift_contract.errors import SkyliftError
from skylift_contract.snapshot import INLINE, ISOLATED
from skylift_contract.status import AttemptEnd

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

    from skylift.dynamic.calls import Call
    from skylift.dynamic.isolated import Isolation
    from skylift_contract.snapshot import PipelineConfiguration

UNINTERRUPTED: Final = "its code did not let itself be interrupted"


class Engine:
    """Runs calls once what they wait for has ended, so many at once.

    Args:
        root: The outermost pipeline, whose environment this process has.
        isolation: Where isolated steps run.
        environment: What every process of the run is given.
        limit: How many steps run at once.
    """

    def __init__(
        self, root: PipelineConfiguration, isolation: Isolation, environment: Mapping[str, str], limit: int
    ) -> None:
        self.root, self.environment = root, environment
        self._isolation, self._processes = isolation, StepProcesses()
        self._slots = Slots(limit)
        self._lock = threading.RLock()
        self._running: dict[Call, float] = {}
        self._resting = threading.Event()
        self.stop_reason = ""
        self.is_forced = False
        """Whether what runs was told to end."""

    def run_now(self, call: Call) -> None:
        """Run a call in this thread, once what it waits for has ended; it is closed then."""
        with self.closing(call):
            if self.may_begin(call):
                with self._slots.taken():
                    self.close(call, self._executed(call))

    def may_begin(self, call: Call) -> bool:
        """Wait for what a call waits for; False for one that was skipped then."""
        for upstream in call.upstream:
            upstream.wait()
        if failed := _failed(call):
            self.close(call, _skipped(failed))
        return failed is None

    @contextmanager
    def closing(self, call: Call) -> Generator[None]:
        """Close a call that something else than its step ends: it would be waited for for ever."""
        try:
            yield
        except BaseException as error:
            call.is_noticed = True  # by whoever is raised to
            how = ExecutionStatus.FAILED if isinstance(error, Exception) else ExecutionStatus.SKIPPED
            self.close(call, Outcome(how, summary(error)))
            raise

    def submit(self, call: Call) -> None:
        """Have a call run in another thread, once what it waits for has ended."""
        with self._lock:
            open_ones = [upstream for upstream in call.upstream if upstream.outcome is None]
            call.missing = len(open_ones)
            for upstream in open_ones:
                upstream.dependents.append(call)
        if not open_ones:
            self._begin([call])

    def _begin(self, ready: Iterable[Call]) -> None:
        """Have calls run that wait for nothing more; close those that cannot, and what waited for them."""
        waiting = deque(ready)
        while waiting:
            call = waiting.popleft()
            if failed := _failed(call):
                waiting.extend(self._closed(call, _skipped(failed)))
                continue
            context = contextvars.copy_context()
            self._slots.submit(partial(context.run, partial(self._run, call)))

    def _run(self, call: Call) -> None:
        try:
            outcome = self._executed(call)
        except BaseException as error:  # noqa: BLE001 -- it ends this thread, and nobody else would say so
            outcome = Outcome(ExecutionStatus.FAILED, summary(error))
        self.close(call, outcome)

    def _executed(self, call: Call) -> Outcome:
        with self._lock:
            if why := call.flow.why_halted:
                return Outcome(ExecutionStatus.SKIPPED, why)
            call.thread = threading.current_thread()
            self._running[call] = time.monotonic()
        observer.current().step(StepEvent(call.shown, ExecutionStatus.RUNNING))
        try:
            with taking_calls(None):
                return self._placed(call)
        except Exception as error:  # noqa: BLE001 -- a store that is gone: the run's end says so
            return Outcome(ExecutionStatus.FAILED, summary(error), exception=error)
        finally:
            call.thread = None

    def _placed(self, call: Call) -> Outcome:
        run, place = call.flow.run, placement(call.step, self.root)
        if place == INLINE:
            return execute_invocation(run, call.step, pause=self._pause)
        if taken := take(run, call.step, look(run, call.step)):
            return taken
        isolation = self._isolation if place == ISOLATED else self._processes
        return run_isolated(call, isolation, self.environment)

    def _pause(self, seconds: float) -> None:
        """Between two attempts; a stop ends it."""
        self._resting.wait(seconds)
        raise_if_asked()

    def close(self, call: Call, outcome: Outcome) -> None:
        """Note how a call ended, once; what waited for it begins."""
        self._begin(self._closed(call, outcome))

    def _closed(self, call: Call, outcome: Outcome) -> list[Call]:
        """Those that wait for nothing more now."""
        with self._lock:
            if call.outcome is not None:
                return []
            call.outcome = outcome
            began = self._running.pop(call, None)
            ready = [other for other in call.dependents if _counted_down(other)]
        took = None if began is None or outcome.status is ExecutionStatus.CACHED else time.monotonic() - began
        event = StepEvent(call.shown, outcome.status, outcome.reason, outcome.attempt, took)
        observer.current().step(event)
        call.flow.noticed(call)  # before anybody who waits for it goes on
        call.closed.set()
        return ready

    def interrupt(self, calls: Iterable[Call], why: str) -> None:
        """End what runs of them."""
        with self._lock:
            running = [call for call in calls if call in self._running]
        for call in running:
            call.interrupt(why)

    def stop(self, why: str, *, graceful: bool) -> None:
        """Begin nothing more, and unless it is to be graceful end what runs."""
        with self._lock:
            self.stop_reason = self.stop_reason or why
            running = list(self._running)
        if not graceful:
            self.is_forced = True
            self._resting.set()
            self.interrupt(running, why)

    def drain(self, calls: Iterable[Call]) -> None:
        """Wait until each is closed; a stop that arrives meanwhile ends the wait."""
        for call in calls:
            wait_until(call.closed.wait)

    def abandon(self, calls: Iterable[Call], why: str) -> None:
        """Close what has not begun, and never will now; wait for what was told to stop.

        What does not stop is recorded as stopped, and left behind.
        """
        open_ones = list(calls)
        with self._lock:
            waiting = [call for call in open_ones if call not in self._running]
        for call in waiting:
            self.close(call, Outcome(ExecutionStatus.SKIPPED, why))
        deadline = time.monotonic() + STOP_GRACE_S
        for call in open_ones:
            if not call.closed.wait(max(deadline - time.monotonic(), 0)):
                self._leave(call)

    def _leave(self, call: Call) -> None:
        try:
            outcome = close_attempt(
                call.flow.run, call.name, AttemptEnd.STOPPED, UNINTERRUPTED, call.flow.run.record.created
            )
        except SkyliftError as error:
            outcome = Outcome(ExecutionStatus.STOPPED, summary(error))
        self.close(call, outcome)

    def end(self) -> None:
        """Let the threads and processes go."""
        self._slots.close()
        self._processes.close()


def halts(mode: ExecutionMode) -> bool:
    """Whether a failure that nobody waited for keeps what has not begun from beginning."""
    return mode is not ExecutionMode.CONTINUE_ON_FAILURE


def _counted_down(call: Call) -> bool:
    call.missing -= 1
    return call.missing == 0


def _failed(call: Call) -> Call | None:
    return next((upstream for upstream in call.upstream if not upstream.has_succeeded), None)


def _skipped(failed: Call) -> Outcome:
    """With the first cause: what was skipped itself passes on why."""
    was_skipped = failed.status is ExecutionStatus.SKIPPED
    status = failed.status.value if failed.status else "open"
    return Outcome(
        ExecutionStatus.SKIPPED, failed.reason if was_skipped else f"step {failed.name!r} {status}"
    )
