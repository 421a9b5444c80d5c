"""The commands that show schedules."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import click

from skylift.cli import documents, tables
from skylift.cli.commands import command, output_option, place_options
from skylift.cli.schedule import schedule_argument
from skylift.cli.schedule.words import here, moment, often
from skylift.client import Client
from skylift.console.words import ago, clock, one_line, printable
from skylift.launch.schedules import Deployment, find
from skylift.ledger.records import UNREADABLE, now
from skylift.ledger.schedules import all_schedules, firings
from skylift_contract.errors import SkyliftError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from skylift.models import PipelineRun

SHOWN: Final = 5
"""Firings to come, and past ones, that `describe` shows."""


@command(
    "list",
    short_help="All schedules, and when each fires next.",
    examples=("skylift schedule list", "skylift schedule list --all --output json"),
)
@click.option("--all", "everything", is_flag=True, help="Those that were deleted, too.")
@place_options()
@output_option()
def list_schedules(*, everything: bool, store: str | None, output: str) -> None:
    """All schedules, and when each fires next, in its own time zone.

    They are those that were deployed from here: `describe` asks a schedule's backend.
    """
    ledger = Client(store).ledger
    found = all_schedules(ledger)
    shown = [
        Deployment(ledger, record) for record in found.records.values() if everything or not record.is_deleted
    ]
    if output == "json":
        documents.write(
            {"schedules": [fields(one) for one in shown], "damaged": [*found.unreadable.values()]}
        )
        return
    for damage in found.unreadable.values():
        click.echo(f"note: {printable(damage)}", err=True)
    if not shown:
        click.echo(f"there is no schedule in {ledger.store.uri}", err=True)
        return
    headers = ("SCHEDULE", "PIPELINE", "WHEN", "NEXT", "STATE", "FLAVOR")
    tables.write(tables.table(headers, [_row(one) for one in shown], flexible=(2, 1, 0)))


def _row(found: Deployment) -> tuple[str, ...]:
    schedule = found.record.schedule
    try:
        coming = _next(found, 1)
        when, fire = often(found.timing), moment(coming[0]) if coming else "-"
    except UNREADABLE as error:
        when, fire = one_line(str(error)), "?"
    return schedule.name, schedule.pipeline, when, fire, schedule.state, schedule.flavor


def _next(found: Deployment, number: int) -> list[datetime]:
    """Fire times to come; none of one that is paused or deleted."""
    return list(islice(found.fires(now()), number)) if found.record.schedule.state == "active" else []


def fields(found: Deployment) -> dict[str, Any]:
    """The fields of SCHEDULE."""
    schedule, timing = found.record.schedule, found.timing
    return {
        "name": schedule.name,
        "pipeline": schedule.pipeline,
        "project": found.record.project,
        "state": schedule.state,
        "when": timing.describe(),
        "cron": timing.cron_expression,
        "interval_seconds": timing.interval_seconds,
        "once": documents.moment(timing.run_once_start_time),
        "timezone": timing.timezone,
        "start": documents.moment(timing.start_time),
        "end": documents.moment(timing.end_time),
        "next": [fire.isoformat() for fire in _next(found, SHOWN)],
        "flavor": schedule.flavor,
        "orchestrator": found.orchestrator_name,
        "id": schedule.id,
        "snapshot": schedule.snapshot,
        "changed": documents.moment(found.record.writer.time),
        "submission_id": found.record.submission_id,
    }


@command(
    "describe",
    short_help="A schedule with its next and its last firings.",
    examples=("skylift schedule describe daily", "skylift schedule describe daily --output json"),
)
@schedule_argument()
@place_options()
@output_option()
def describe(*, name: str, store: str | None, output: str) -> None:
    """A schedule with its next and its last firings, and what its backend says of it.

    Of the firings, those that reached a step; the others come with `skylift runs list --sync`.
    """
    client = Client(store)
    found = Description.of(client, find(client.ledger, name))
    if output == "json":
        documents.write({"schedule": found.fields()})
    else:
        tables.write(found.lines())


@dataclass(frozen=True, slots=True)
class Description:
    """A schedule, its runs, and its backend's word or why there is none."""

    found: Deployment
    runs: tuple[PipelineRun, ...]
    backend: Mapping[str, Any] | None
    refusal: str

    @classmethod
    def of(cls, client: Client, found: Deployment) -> Description:
        snapshots = firings(client.ledger, found.name)
        fired = (run for run in client.runs(found.record.schedule.pipeline) if run.snapshot in snapshots)
        runs = tuple(islice(fired, SHOWN))
        try:
            return cls(found, runs, found.described(), "")
        except SkyliftError as error:  # what is known here is shown all the same
            return cls(found, runs, None, str(error))

    def fields(self) -> dict[str, Any]:
        """The fields of SCHEDULE, with its firings and its backend's word."""
        request = self.found.request
        return {
            **fields(self.found),
            "user": request.user if request else None,
            "git_commit": request.git_commit if request else None,
            "firings": [
                {"run": str(run.id), "started": documents.moment(started), "status": run.status.value}
                for run, started in self._started()
            ],
            "backend": dict(self.backend) if self.backend is not None else None,
            "backend_error": self.refusal or None,
        }

    def lines(self) -> Iterator[str]:
        record, request = self.found.record, self.found.request
        schedule = record.schedule
        facts = {
            "schedule": schedule.name,
            "pipeline": f"{schedule.pipeline} (project {record.project})",
            "state": f"{schedule.state}, since {clock(record.writer.time)}",
            "when": often(self.found.timing),
            "on": f"{self.found.orchestrator_name} ({schedule.flavor}), as {schedule.id}",
            "deployed by": request.user if request else "",
            "snapshot": schedule.snapshot,
        }
        yield from (f"{name:<12} {printable(value)}" for name, value in facts.items() if value)
        yield from self._coming()
        yield from self._past()
        yield from ("", "backend", *self._said())

    def _coming(self) -> Iterator[str]:
        fires = _next(self.found, SHOWN)
        yield from ("", "next" if fires else "next: it does not fire")
        yield from ("  ".join(filter(None, (moment(fire), here(fire)))) for fire in fires)

    def _past(self) -> Iterator[str]:
        if not self.runs:
            yield from ("", "it has not fired yet, as far as its runs tell")
            return
        rows = [(str(run.id), run.status, ago(started, now())) for run, started in self._started()]
        yield from ("", *tables.table(("RUN", "STATUS", "STARTED"), rows, flexible=()))

    def _started(self) -> Iterator[tuple[PipelineRun, datetime]]:
        return ((run, run.head.created) for run in self.runs if run.head)

    def _said(self) -> Iterator[str]:
        if self.backend is None:
            yield f"it cannot be asked: {one_line(self.refusal)}"
        for name, value in (self.backend or {}).items():
            shown = value if isinstance(value, str) else json.dumps(value, default=str)
            yield f"{name}: {one_line(shown)}"
