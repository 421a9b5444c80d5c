"""`skylift runs list`."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from skylift.cli import complete, documents, tables
from skylift.cli.commands import check_place, command, output_option, place_options
from skylift.client import Client
from skylift.console.words import ago, one_line, seconds
from skylift.ledger.labels import read_labels
from skylift.ledger.records import UNREADABLE, now
from skylift.ledger.schedules import checked_name, firings
from skylift.ledger.unread import UnreadRun
from skylift.project import STORE_OPTION
from skylift.store.location import LAYOUT, folder_of
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from skylift.ledger.ledger import Ledger
    from skylift.ledger.records import RunRecord
    from skylift.models import PipelineRun

LIMIT = 20
SHORT_ID = 8
"""Characters of an id on a terminal; more where two of the list would be alike."""


@dataclass(frozen=True, slots=True)
class Line:
    """One run of the list."""

    record: RunRecord | UnreadRun
    status: ExecutionStatus
    reason: str
    ended: datetime | None

    @property
    def seconds(self) -> float | None:
        return (self.ended - self.record.created).total_seconds() if self.ended else None

    @property
    def fields(self) -> dict[str, Any]:
        return documents.run_fields(self.record, self.status, self.reason, self.ended)


@command(
    "list",
    short_help="The newest runs.",
    examples=(
        "skylift runs list",
        "skylift runs list --pipeline train --status failed",
        "skylift runs list --output json",
    ),
)
@click.option("--pipeline", metavar="NAME", help="Only runs of this pipeline.")
@click.option(
    "--schedule", metavar="NAME", help="Only firings of this schedule.", shell_complete=complete.schedules
)
@click.option(
    "--status",
    type=click.Choice([status.value for status in ExecutionStatus]),
    help="Only runs that stand so.",
)
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Only runs that have it; of several, all.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=LIMIT, show_default=True, help="At most so many."
)
@click.option(
    "--sync", is_flag=True, help="First ask the backends of schedules for firings that reached no step."
)
@place_options()
@output_option()
def list_runs(
    *,
    pipeline: str | None,
    schedule: str | None,
    status: str | None,
    tags: Sequence[str],
    limit: int,
    sync: bool,
    store: str | None,
    output: str,
) -> None:
    """The newest runs, the newest first.

    On a terminal ids are shortened; the short form is good for every other command.
    """
    client = Client(store)
    if os.environ.get(STORE_OPTION):
        check_place(client.ledger.store.uri)
    if sync:
        from skylift.cli.runs.sync import synchronize

        synchronize(client.ledger, schedule)
    runs = _asked_for(client, pipeline, schedule, None if status or tags else limit)
    if tags:
        runs = filter(partial(_has, frozenset(tags)), runs)
    lines = list(islice(_lines(client, runs, status, limit), limit))
    if output == "json":
        documents.write({"runs": [_document(client, line) for line in lines]})
    elif lines:
        _write(lines)
    else:
        click.echo(_nothing(client), err=True)


def _nothing(client: Client) -> str:
    """What an empty list means: nothing has run at all, or nothing of what was asked for."""
    uri = client.ledger.store.uri
    folder = folder_of(uri)
    if folder is not None and not os.path.lexists(folder / LAYOUT):
        return f"nothing has run in {uri} yet"
    return f"there are no such runs in {uri}"


def _asked_for(
    client: Client, pipeline: str | None, schedule: str | None, limit: int | None
) -> Iterator[PipelineRun]:
    """Runs of a pipeline or a schedule, or all; `limit`: how many of all would do."""
    if schedule is not None:
        snapshots = firings(client.ledger, checked_name(client.ledger, schedule))
        return (run for run in client.runs(pipeline) if run.snapshot in snapshots)
    return client.runs(pipeline) if pipeline or limit is None else iter(client.newest(limit))


def _has(wanted: frozenset[str], run: PipelineRun) -> bool:
    try:
        return wanted <= set(run.tags)
    except StoreError:
        return False


def _document(client: Client, line: Line) -> dict[str, Any]:
    tags, resumes = _said(client.ledger, line.record)
    return {**line.fields, "tags": tags, "resumes": resumes}


def _said(ledger: Ledger, record: RunRecord | UnreadRun) -> tuple[list[str] | None, str | None]:
    """Tags, and the run that it resumes; None for what cannot be read."""
    tags, request = None, None
    if isinstance(record, UnreadRun):
        return None, None
    with suppress(*UNREADABLE):
        request = ledger.request(record.submission_id) if record.submission_id else None
        tags = list(read_labels(ledger, record, request=request).tags)
    return tags, request.resumes if request else None


def _lines(client: Client, runs: Iterator[PipelineRun], status: str | None, limit: int) -> Iterator[Line]:
    """Runs with how they stand, some at a time: none is asked for that nobody wants to see."""
    with ThreadPoolExecutor(client.ledger.store.transport.readers) as readers:
        while batch := list(islice(runs, limit)):
            for line in readers.map(_line, batch):
                if status is None or line.status.value == status:
                    yield line


def _line(run: PipelineRun) -> Line:
    """How a run stands; of one that cannot be read, why: the others are shown all the same."""
    record = run.head
    assert record is not None
    try:
        return _read_line(run, record)
    except StoreError as error:
        return Line(record, ExecutionStatus.UNKNOWN, str(error), None)


def _read_line(run: PipelineRun, record: RunRecord | UnreadRun) -> Line:
    """A run's end says how it stands; only one that is open needs a look at its steps."""
    if end := run.end:
        return Line(record, end.status, end.reason, end.time)
    found = run.fetch()
    end = run.end if found.status.is_finished else None
    return Line(record, found.status, found.reason, end.time if end else None)


def _write(lines: Sequence[Line]) -> None:
    moment, shown = now(), _ids([line.record.run_id for line in lines])
    rows = [
        (
            identifier,
            line.record.pipeline or "?",
            line.status,
            ago(line.record.created, moment),
            seconds(line.seconds),
            line.record.flavor or "?",
            one_line(line.reason),
        )
        for identifier, line in zip(shown, lines, strict=True)
    ]
    headers = ("RUN", "PIPELINE", "STATUS", "STARTED", "TOOK", "FLAVOR", "REASON")
    tables.write(tables.table(headers, rows, flexible=(6, 1)))


def _ids(ids: list[str]) -> list[str]:
    """Whole in a pipe; on a terminal as short as tells them apart."""
    if not tables.is_terminal():
        return ids
    length = SHORT_ID
    while len({one[:length] for one in ids}) < len(ids):
        length += 1
    return [one[:length] for one in ids]
