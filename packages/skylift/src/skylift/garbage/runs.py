"""Which runs may be deleted, and deleting them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from skylift.ledger import keys
from skylift.ledger.deletion import delete_run
from skylift.ledger.records import UNREADABLE, RunRecord, now
from skylift.stacks.build import store_hint
from skylift.sub_runs import check_is_whole
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import ConfigurationError, DamagedObject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta

    from skylift.client import Client
    from skylift.ledger.ledger import Ledger
    from skylift.models import PipelineRun


@dataclass(frozen=True, slots=True)
class Doomed:
    """A run that is to be deleted; what its record does not say any more is None."""

    run_id: str
    status: ExecutionStatus
    pipeline: str | None = None
    created: datetime | None = None
    submission_id: str | None = None

    def delete(self, ledger: Ledger) -> None:
        delete_run(ledger, self.run_id, self.submission_id)


@dataclass(frozen=True, slots=True)
class Filter:
    """Runs of a pipeline, of a status, that began longer ago than `older_than`; None: any."""

    pipeline: str | None = None
    status: ExecutionStatus | None = None
    older_than: timedelta | None = None

    def find(self, client: Client) -> Iterator[Doomed]:
        """Runs that fit and have ended, newest first."""
        newest = now() - self.older_than if self.older_than else None
        for run in client.runs(self.pipeline):
            record = run.head
            if not isinstance(record, RunRecord) or (newest and record.created > newest):
                continue
            status = standing(run)
            if status.is_finished and self.status in {None, status}:
                yield _of(record, status)


def named(client: Client, name: str, *, force: bool) -> Doomed:
    """The run of a name, one that is damaged or half deleted too, by its whole id.

    Raises `ConfigurationError` for one that still runs, and, unless forced, for one of which
    nobody here can tell.
    """
    try:
        run = client.run(name)
    except (ConfigurationError, DamagedObject):
        if (remains := _remains(client.ledger, name)) is None:
            raise
        return remains
    record = run.record
    assert record is not None
    check_is_whole(run, "skylift runs delete")
    status = standing(run)
    _check_ended(run, status, force=force)
    return _of(record, status)


def standing(run: PipelineRun) -> ExecutionStatus:
    """How a run stands; UNKNOWN where that cannot be read."""
    try:
        end = run.end
        return end.status if end else run.fetch().status
    except UNREADABLE:
        return ExecutionStatus.UNKNOWN


def _check_ended(run: PipelineRun, status: ExecutionStatus, *, force: bool) -> None:
    who, hint = f"run {run.id}", f"{run.id}{store_hint(run.ledger.store.uri)}"
    if status is ExecutionStatus.UNKNOWN:
        if not force:
            raise ConfigurationError(
                "nobody here can tell whether it has ended",
                who=who,
                fix=f"See: skylift runs why {hint}; delete it all the same with --force.",
            )
    elif not status.is_finished:
        raise ConfigurationError(
            f"it is still {status.value}", who=who, fix=f"Stop it first: skylift runs stop {hint}"
        )


def _of(record: RunRecord, status: ExecutionStatus) -> Doomed:
    return Doomed(record.run_id, status, record.pipeline, record.created, record.submission_id)


def _remains(ledger: Ledger, name: str) -> Doomed | None:
    """What is left under a whole id, where no record that can be read says what it was."""
    try:
        run_id = str(UUID(name))
    except ValueError:
        return None
    is_there = bool(ledger.store.list(keys.run_folder(run_id), limit=1))
    return Doomed(run_id, ExecutionStatus.UNKNOWN) if is_there else None
