"""A process for a step: the entry point that a container uses, started on this machine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Final

from skylift.ledger.records import now
from skylift_contract.environment import SUPERVISED_ENV

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

STOP_GRACE_S: Final = 15.0
"""What a step has, after it was asked to stop, to write its record; Kubernetes gives 30."""

LAST_OUTPUT_S: Final = 1.0
"""How long a process's output is read on when it has ended and something still holds it open."""


class Supervision:
    """A pipe that nothing is written to: its end tells the processes that this one is gone."""

    def __init__(self) -> None:
        self._pipe = os.pipe()

    @property
    def descriptor(self) -> int:
        return self._pipe[0]

    def close(self) -> None:
        """What should still run stops now."""
        for end in self._pipe:
            os.close(end)


class StepProcess:
    """One step's, from its start on.

    Args:
        name: Stands before each line that it prints.
        arguments: What follows the interpreter.
        environment: Besides this process's own.
        supervision: Held open for as long as it may run.
        ended: Called in a thread, once, when it has ended.

    `last_line` holds the last that it printed, for the case that it recorded nothing.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        supervision: Supervision,
        ended: Callable[[], object],
    ) -> None:
        self.name, self.began = name, now()
        self.asked_to_stop: float | None = None
        self.last_line = deque[str](maxlen=1)
        self._ended, self._is_over = ended, threading.Event()
        self._process = subprocess.Popen(  # noqa: S603 -- argv list, no shell
            [sys.executable, *arguments],
            env={**os.environ, **environment, SUPERVISED_ENV: str(supervision.descriptor)},
            pass_fds=(supervision.descriptor,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self) -> None:
        """Tell when it has ended; what it started may hold its output open for longer."""
        reader = threading.Thread(target=self._show, args=(self._process.stdout,), daemon=True)
        reader.start()
        self._process.wait()
        reader.join(LAST_OUTPUT_S)
        self._is_over.set()
        self._ended()

    def _show(self, output: IO[bytes]) -> None:
        """Print what it prints, line by line."""
        with output:
            for line in output:
                text = line.decode(errors="replace").removesuffix("\n")
                self.last_line.append(text.strip())
                with suppress(OSError, ValueError):  # nobody looks any more; the step must not notice
                    sys.stdout.write(f"{self.name} | {text}\n")

    @property
    def exit_code(self) -> int | None:
        """Negative for a signal's number; None while it runs."""
        return self._process.returncode if self._is_over.is_set() else None

    def wait(self, patience_s: float) -> None:
        """Return when it has ended, or after so long; one that ignores a stop is ended by force."""
        if self._is_over.wait(patience_s) or self.asked_to_stop is None:
            return
        if time.monotonic() - self.asked_to_stop > STOP_GRACE_S:
            self.kill()

    def stop(self) -> None:
        """Ask it to end, which it does as a step that was stopped."""
        if self.asked_to_stop is None and self._process.poll() is None:
            self.asked_to_stop = time.monotonic()
            self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it and all that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def how_it_ended(self) -> str:
        code = self._process.returncode
        return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
