"""What jobs print, as Cloud Logging has it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from skylift_vertex.emulator.filters import matching, page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CONTAINER: Final = "workerpool0-0"


class Logs:
    """Of a project."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[dict[str, Any]] = []

    def of(self, job: str) -> Callable[[str], None]:
        """What a job's lines are given to."""

        def say(line: str) -> None:
            with self._lock:
                self._entries.append(_entry(job, line, len(self._entries)))

        return say

    def list(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """`entries.list`, oldest first."""
        with self._lock:
            found = list(self._entries)
        return page(matching(found, str(request.get("filter", ""))), request, "entries")


def _entry(job: str, line: str, number: int) -> dict[str, Any]:
    return {
        "insertId": f"{number:08}",
        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "textPayload": line,
        "logName": f"projects/emulated/logs/{CONTAINER}",
        "resource": {"type": "ml_job", "labels": {"job_id": job, "task_name": CONTAINER}},
    }
