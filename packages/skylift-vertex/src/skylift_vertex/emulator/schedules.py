"""Schedules, by a reader of cron that is none of Skylift's."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from skylift_vertex.emulator.custom_jobs import name_of, parent_of
from skylift_vertex.emulator.filters import matching, page
from skylift_vertex.emulator.job import moment
from skylift_vertex.emulator.pipeline_jobs import check
from skylift_vertex.emulator.protos import invalid, not_found, read, required

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from skylift_testkit.emulator.server import Request
    from skylift_vertex.emulator.pipeline_jobs import PipelineJobs

FIRST: Final = 2_000_000_000_000_000_001
EMPTY: Final = {"@type": "type.googleapis.com/google.protobuf.Empty"}
_CRON: Final = re.compile(r"(?:(?:CRON_)?TZ=(\S+) )?(.+)")
_KEPT: Final = ("name", "state", "createTime", "updateTime")


class Schedules:
    def __init__(self, jobs: PipelineJobs, now: Callable[[], datetime]) -> None:
        self._jobs, self._now, self._lock = jobs, now, threading.RLock()
        self._schedules: dict[str, dict[str, Any]] = {}
        self._number = FIRST

    def create(self, request: Request) -> dict[str, Any]:
        body = read("Schedule", request.json or {})
        self._check(body)
        with self._lock:
            name = f"{parent_of(request)}/schedules/{self._number}"
            self._number += 1
            made = moment(self._now())
            self._schedules[name] = {
                **body,
                "name": name,
                "state": "ACTIVE",
                "createTime": made,
                "updateTime": made,
            }
            return self._schedules[name]

    def update(self, request: Request) -> dict[str, Any]:
        """What the mask names is written; what is there is never taken away."""
        body, name = read("Schedule", request.json or {}), name_of(request, "schedules")
        paths = [_camel(path) for path in request.query.get("updateMask", "").split(",") if path]
        with self._lock:
            standing = self._named(name)
            for path in paths:
                if path not in body and standing.get(path):
                    raise invalid(f"The field {path} cannot be unset.")
            written = {path: body[path] for path in paths if path in body and path not in _KEPT}
            wanted = {**standing, **written, "updateTime": moment(self._now())}
            self._check(wanted)
            self._schedules[name] = wanted
            return wanted

    def get(self, request: Request) -> dict[str, Any]:
        with self._lock:
            return self._named(name_of(request, "schedules"))

    def list(self, request: Request) -> dict[str, Any]:
        with self._lock:
            told = list(self._schedules.values())
        return page(matching(told, request.query.get("filter", "")), request.query, "schedules")

    def pause(self, request: Request) -> dict[str, Any]:
        return self._switch(request, "ACTIVE", "PAUSED")

    def resume(self, request: Request) -> dict[str, Any]:
        """What a pause has missed is left out."""
        return self._switch(request, "PAUSED", "ACTIVE")

    def delete(self, request: Request) -> dict[str, Any]:
        with self._lock:
            name = name_of(request, "schedules")
            self._named(name)
            del self._schedules[name]
        return {"name": f"{parent_of(request)}/operations/1", "done": True, "response": EMPTY}

    def names(self) -> list[str]:
        with self._lock:
            return sorted(self._schedules)

    def upcoming(self) -> dict[str, Callable[[datetime], datetime | None]]:
        """What would fire, by name: nothing paused, and nothing for the time before it was changed."""
        with self._lock:
            found = {name: one for name, one in self._schedules.items() if one["state"] == "ACTIVE"}
        return {name: _next(one) for name, one in found.items()}

    def next_fires(self, name: str, n: int, after: datetime) -> list[datetime]:
        with self._lock:
            found = self._named(name)
        return list(islice(_fires(found, after), n))

    def fire(self, name: str, at: datetime) -> None:
        """Start its job, and return when that is over; where too many run, it is left out."""
        with self._lock:
            found = self._named(name)
        asked: Mapping[str, Any] = found["createPipelineJobRequest"]
        most = int(found.get("maxConcurrentActiveRunCount", 0))
        if not most or self._jobs.active(name) < most:
            body = {**asked["pipelineJob"], "scheduleName": name}
            self._jobs.fire(str(asked["parent"]), body, at).wait()

    def _switch(self, request: Request, before: str, after: str) -> dict[str, Any]:
        with self._lock:
            name = name_of(request, "schedules")
            standing = self._named(name)
            if standing["state"] != before:
                raise invalid(f"The schedule {name} is {standing['state']}.")
            self._schedules[name] = {**standing, "state": after, "updateTime": moment(self._now())}
        return {}

    def _named(self, name: str) -> dict[str, Any]:
        if name not in self._schedules:
            raise not_found(name)
        return self._schedules[name]

    def _check(self, body: dict[str, Any]) -> None:
        required(body, "displayName", "cron", "maxConcurrentRunCount", "createPipelineJobRequest.parent")
        check(body["createPipelineJobRequest"]["pipelineJob"])
        _cron(str(body["cron"]))


def _cron(text: str) -> tuple[ZoneInfo, str]:
    found = _CRON.fullmatch(text)
    try:
        zone, expression = ZoneInfo((found and found[1]) or "UTC"), found[2] if found else ""
        CronSim(expression, datetime.now(zone))
    except (CronSimError, ZoneInfoNotFoundError, ValueError) as error:
        raise invalid(f"Invalid cron: {text!r}.") from error
    return zone, expression


def _fires(schedule: Mapping[str, Any], after: datetime) -> Iterator[datetime]:
    zone, expression = _cron(str(schedule["cron"]))
    start, end = (_moment(schedule.get(bound)) for bound in ("startTime", "endTime"))
    for fire in CronSim(expression, after.astimezone(zone)):
        told = fire.astimezone(UTC)
        if end is not None and told >= end:
            return
        if start is None or told >= start:
            yield told


def _next(schedule: Mapping[str, Any]) -> Callable[[datetime], datetime | None]:
    changed = _moment(schedule["updateTime"])
    assert changed is not None
    return lambda after: next(_fires(schedule, max(after, changed)), None)


def _moment(told: Any) -> datetime | None:
    return None if told is None else datetime.fromisoformat(str(told))


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.title() for part in tail)
