"""A container from its creation to its removal: the job that one attempt of a step is."""

from __future__ import annotations

import sys
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import BackendError, NotFound
from skylift_contract.status import StepStatus
from skylift_docker.names import ATTEMPT, MEMORY
from skylift_docker.setups import CACHE_FOLDER, has_cache
from skylift_docker.status import step_status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skylift_docker.client import DockerClient

LAST_OUTPUT_S: Final = 2.0
"""How long a container's output is read on when it has ended."""


@dataclass(frozen=True, slots=True)
class Handling:
    """How a container is handled: what stands before each line that it prints, and its end."""

    prefix: str
    stop_timeout_s: int
    is_removed: bool


class Container:
    """One that runs: what it prints is shown here, line by line, and it is removed when it has ended."""

    def __init__(self, client: DockerClient, container: str, handling: Handling) -> None:
        self.id = container
        self._client, self._handling = client, handling
        self._last_line = deque[str](maxlen=1)
        self._asked_to_stop = threading.Event()
        self._reader = threading.Thread(target=self._show, name="logs", daemon=True)
        self._reader.start()

    @classmethod
    def started(
        cls, client: DockerClient, name: str, create: Mapping[str, Any], handling: Handling
    ) -> Container:
        """Make and start it; one that cannot be started is removed again."""
        container = client.create(name, create)
        try:
            if has_cache(create):
                client.open_to_all(container, CACHE_FOLDER)
            client.start(container)
        except BaseException:
            client.remove(container)
            raise
        return cls(client, container, handling)

    def wait(self) -> StepStatus:
        """Block until it has ended, and remove it; how it ended."""
        try:
            self._client.wait(self.id)
            self._reader.join(LAST_OUTPUT_S)
            return self._said()
        except NotFound:
            return StepStatus(ExecutionStatus.STOPPED, "its container was removed by somebody")
        finally:
            if self._handling.is_removed:
                self._client.remove(self.id)

    def stop(self) -> None:
        """Ask it to end, by force when its time is over; returns at once."""
        if self._asked_to_stop.is_set():
            return
        self._asked_to_stop.set()
        threading.Thread(target=self._stop, name="stop", daemon=True).start()

    def _stop(self) -> None:
        with suppress(BackendError):  # one that has ended meanwhile; `wait` says of any other
            self._client.stop(self.id, self._handling.stop_timeout_s)

    def _said(self) -> StepStatus:
        found = self._client.inspect(self.id)
        status = step_status(found["State"], memory_of(found))
        if status.status is not ExecutionStatus.FAILED:
            return status
        if self._asked_to_stop.is_set():
            return StepStatus(ExecutionStatus.STOPPED, f"it was asked to stop, and {status.reason}")
        said = f": {self._last_line[0]}" if self._last_line else ""
        return replace(status, reason=f"{status.reason}{said}")

    def _show(self) -> None:
        with suppress(BackendError):  # of a container that is removed meanwhile
            for line in lines(self._client.logs(self.id, follow=True)):
                self._last_line.append(line.strip())
                with suppress(OSError, ValueError):  # nobody looks any more; the step must not notice
                    sys.stdout.write(f"{self._handling.prefix}{line}\n")
                    sys.stdout.flush()  # of a pipeline's function it is a pipe, whose other end is looked at


def lines(pieces: Iterable[bytes]) -> Iterable[str]:
    """Whole lines of what comes in pieces, the last one though it may lack its end."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace")
    if rest:
        yield rest.decode(errors="replace")


def memory_of(inspected: Mapping[str, Any]) -> str:
    """A container's limit, as it was asked for; empty where it has none."""
    return labels_of(inspected).get(MEMORY, "")


def labels_of(inspected: Mapping[str, Any]) -> Mapping[str, str]:
    found: Mapping[str, str] | None = inspected["Config"].get("Labels")
    return found or {}


def attempt_of(inspected: Mapping[str, Any]) -> int:
    """Which of its step's containers it is, from 1; 0 for one that does not say."""
    text = labels_of(inspected).get(ATTEMPT, "")
    return int(text) if text.isdecimal() else 0
