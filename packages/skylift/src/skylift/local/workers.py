"""Worker processes: each runs one step through the entry point that a container uses."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Final

from skylift.ledger.records import EndRecord, FailureRecord, StartRecord, now
from skylift.runtime.active import ActiveRun, Outcome
from skylift.runtime.step import EXIT_STOPPED
from skylift_contract.containers import step_arguments
from skylift_contract.enums import ExecutionStatus
from skylift_contract.environment import SUPERVISED_ENV
from skylift_contract.run_id import RUN_ID_ENV
from skylift_contract.status import AttemptEnd

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from skylift_contract.snapshot import Step

STOP_GRACE_S: Final = 15.0
"""What a worker has, after it was asked to stop, to write its record; Kubernetes gives 30."""

LAST_OUTPUT_S: Final = 1.0
"""How long a worker's output is read on when it has ended and something still holds it open."""

_ENDED: Final = (
    (AttemptEnd.FAILED, ExecutionStatus.FAILED),
    (AttemptEnd.STOPPED, ExecutionStatus.STOPPED),
    (AttemptEnd.SKIPPED, ExecutionStatus.SKIPPED),
)


@dataclass(slots=True)
class Worker:
    """`last_line` holds the last that it printed, for the case that it recorded nothing."""

    name: str
    process: subprocess.Popen[bytes]
    began: datetime
    asked_to_stop: bool = False
    last_line: deque[str] = field(default_factory=lambda: deque[str](maxlen=1))


def _show(worker: Worker, output: IO[bytes]) -> None:
    """Print what a worker prints, line by line."""
    with output:
        for line in output:
            text = line.decode(errors="replace").removesuffix("\n")
            worker.last_line.append(text.strip())
            with suppress(OSError, ValueError):  # nobody looks any more; the worker must not notice
                sys.stdout.write(f"{worker.name} | {text}\n")


class Workers:
    """The worker processes of one run. Each one's end arrives in a queue, in order."""

    def __init__(self, run: ActiveRun, environments: Mapping[str, Mapping[str, str]]) -> None:
        self.run, self.environments = run, environments
        self.running: dict[str, Worker] = {}
        self._ended: queue.Queue[str] = queue.Queue()
        # Nothing is written to it: its end tells the workers that this process is gone.
        self._alive = os.pipe()

    def start(self, step: Step) -> None:
        name = step.spec.invocation_id
        environment = {
            **os.environ,
            **self.environments.get(name, {}),
            RUN_ID_ENV: self.run.orchestrator_run_id,
            SUPERVISED_ENV: str(self._alive[0]),
        }
        store = self.run.ledger.store.uri
        process = subprocess.Popen(  # noqa: S603 -- argv list, no shell
            [sys.executable, *step_arguments(self.run.snapshot, name), "--store", store],
            env=environment,
            pass_fds=(self._alive[0],),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        worker = self.running[name] = Worker(name, process, now())
        threading.Thread(target=self._follow, args=(worker,), daemon=True).start()

    def _follow(self, worker: Worker) -> None:
        """Tell when the worker has ended; what it started may hold its output open for longer."""
        reader = threading.Thread(target=_show, args=(worker, worker.process.stdout), daemon=True)
        reader.start()
        worker.process.wait()
        reader.join(LAST_OUTPUT_S)
        self._ended.put(worker.name)

    def wait(self, patience_s: float | None = None) -> str | None:
        """Block until a worker ends; its invocation, or None when none has in so many seconds."""
        with suppress(queue.Empty):
            return self._ended.get(timeout=patience_s)
        return None

    def outcome(self, name: str) -> Outcome:
        """What became of a worker that has ended, and runs no more."""
        return self._outcome(self.running.pop(name))

    def ask_to_stop(self) -> None:
        for worker in self.running.values():
            if worker.process.poll() is None:
                worker.asked_to_stop = True
                worker.process.send_signal(signal.SIGTERM)

    def stop_all(self) -> Iterator[tuple[str, Outcome]]:
        """Wait for those that were asked to stop, by force where the grace has passed."""
        deadline = time.monotonic() + STOP_GRACE_S
        for worker in self.running.values():
            try:
                worker.process.wait(max(deadline - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                with suppress(ProcessLookupError):
                    os.killpg(worker.process.pid, signal.SIGKILL)
        while self.running:
            if name := self.wait():
                yield name, self.outcome(name)

    def close(self) -> None:
        """Give the pipe back: a worker that should still run stops now."""
        for end in self._alive:
            os.close(end)

    def _outcome(self, worker: Worker) -> Outcome:
        """What the ledger says; where the worker left an attempt open, that is closed here."""
        ledger, run = self.run.ledger, self.run.id
        listing = ledger.step_listing(run, worker.name)
        newest = max(listing.attempts, default=0)
        if listing.committed:
            result = ledger.result(run, worker.name)
            if result is not None and result.cached_from is not None:
                return Outcome(ExecutionStatus.CACHED, f"from run {result.cached_from.run_id}")
            return Outcome(ExecutionStatus.COMPLETED, attempt=newest)
        ends = listing.attempts.get(newest, frozenset())
        for how, status in _ENDED:
            if how in ends and (end := ledger.attempt_end(run, worker.name, newest, how)):
                return Outcome(status, end.reason, newest, end.error)
        return self._close_for(worker, newest)

    def _close_for(self, worker: Worker, attempt: int) -> Outcome:
        """A worker that was killed, or that never came as far as its step, cannot write its end."""
        code, name, ledger = worker.process.returncode, worker.name, self.run.ledger
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        said = f": {worker.last_line[0]}" if worker.last_line and not attempt else ""
        reason = f"its process ended with {how} and left no result{said}"
        attempt = attempt or ledger.claim(self.run.id, StartRecord(invocation_id=name, attempt=1)).attempt
        stopped = code in {-signal.SIGTERM, EXIT_STOPPED} or (worker.asked_to_stop and code < 0)
        end = EndRecord(
            invocation_id=name,
            attempt=attempt,
            status=AttemptEnd.STOPPED if stopped else AttemptEnd.FAILED,
            reason=reason,
            started=worker.began,
        )
        ledger.end_attempt(self.run.id, end)
        if stopped:
            return Outcome(ExecutionStatus.STOPPED, reason, attempt)
        ledger.fail(self.run.id, FailureRecord(invocation_id=name, attempt=attempt, reason=reason))
        return Outcome(ExecutionStatus.FAILED, reason, attempt)
