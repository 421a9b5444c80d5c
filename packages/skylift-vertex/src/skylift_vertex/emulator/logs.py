"""What jobs print, as Cloud Logging has it: kept here, listed page by page, oldest first."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from skylift_testkit.emulator.server import Route
from skylift_vertex.emulator.answers import matches, page

if TYPE_CHECKING:
    from collections.abc import Callable

    from skylift_testkit.emulator.server import Answer, Request

REPLICA: Final = "workerpool0-0"
SERVICE: Final = "service"
"""Of the lines that Vertex itself writes to a job's log."""


class Logs:
    """Of all projects; times are the machine's, for no log is written in advance."""

    def __init__(self) -> None:
        self._lock, self._number = threading.Lock(), count(1)
        self._entries: list[dict[str, Any]] = []

    def routes(self) -> tuple[Route, ...]:
        return (Route("POST", "/v2/entries:list", "ListLogEntries", self._list),)

    def writer(self, project: str, job: str, task: str = REPLICA) -> Callable[[str], None]:
        """Adds a line to the log of a custom job."""
        resource = {"type": "ml_job", "labels": {"project_id": project, "job_id": job, "task_name": task}}

        def write(line: str) -> None:
            with self._lock:
                entry = {
                    "insertId": f"{next(self._number):012d}",
                    "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
                    "severity": "INFO",
                    "logName": f"projects/{project}/logs/{task}",
                    "resource": resource,
                    "jsonPayload": {"message": line, "levelname": "INFO"},
                }
                self._entries.append(entry)

        return write

    def _list(self, request: Request) -> Answer:
        asked: dict[str, Any] = request.json
        with self._lock:
            entries = list(self._entries)
        found = [one for one in entries if matches(asked.get("filter", ""), _fields(one))]
        if asked.get("orderBy") == "timestamp desc":
            found.reverse()
        return page(found, asked, "entries")


def _fields(entry: dict[str, Any]) -> dict[str, str]:
    labels = {f"resource.labels.{name}": value for name, value in entry["resource"]["labels"].items()}
    own = {name: entry[name] for name in ("timestamp", "severity", "logName", "insertId")}
    return {"resource.type": entry["resource"]["type"], **labels, **own}
