"""What runs, schedules, open submissions and the cache need: all else is garbage.

Where one record cannot be read nothing is known of what it needs, so nothing is deleted: every
function raises `DamagedObject` or `RecordTooNew` then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from pydantic import Field

from skylift.ledger import keys
from skylift.ledger.calls import CallRecord
from skylift.ledger.deletion import deployed
from skylift.ledger.records import (
    UNREADABLE,
    AnyRecord,
    Record,
    Request,
    ResultRecord,
    RunRecord,
    parse,
)
from skylift.ledger.schedule_record import ScheduleRecord
from skylift_contract.errors import ConfigurationError, DamagedObject, RecordTooNew
from skylift_contract.snapshot import ArtifactRef

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from skylift.ledger.ledger import Ledger

QUEUED: Final = timedelta(days=30)
"""How long a submission that is no run yet is waited for: a cluster may have it in its queue for days."""

FOLDERS: Final = frozenset(
    {"snapshots", "code", "submissions", "runs", "index", "schedules", "cache", "artifacts", "probe"}
)


class CacheEntry(Record):
    """What is needed of a revision of an entry of the cache, whoever wrote it."""

    outputs: dict[str, ArtifactRef] = Field(default_factory=dict[str, ArtifactRef])
    made: datetime | None = None
    expires: datetime | None = None

    @property
    def since(self) -> datetime:
        return self.made or self.writer.time


@dataclass(slots=True)
class Reached:
    """By kind: what must stay.

    `remains`: runs that a deletion left behind in part. `dropped`: keys of the cache that are
    expired, damaged or not wanted any longer.
    """

    runs: set[str] = field(default_factory=set[str])
    remains: set[str] = field(default_factory=set[str])
    submissions: set[str] = field(default_factory=set[str])
    snapshots: set[str] = field(default_factory=set[str])
    code: set[str] = field(default_factory=set[str])
    artifacts: set[str] = field(default_factory=set[str])
    dropped: set[str] = field(default_factory=set[str])


def reached(
    ledger: Ledger, moment: datetime, grace: timedelta, cache_age: timedelta | None = None
) -> Reached:
    """Everything that is needed at a moment, by the records that can be read now.

    `cache_age`: an entry of the cache whose newest revision is older is not wanted any longer.
    """
    _check_layout(ledger)
    found = Reached()
    # Before the runs: a submission that becomes one meanwhile is seen as either.
    _submissions(ledger, found, moment - max(grace, QUEUED))
    _runs(ledger, found)
    _schedules(ledger, found, moment - grace)
    _cache(ledger, found, moment - grace, moment - cache_age if cache_age is not None else None)
    for digest in found.snapshots:
        _snapshot(ledger, found, digest)
    return found


def _check_layout(ledger: Ledger) -> None:
    """A newer Skylift may keep what needs artifacts where this one does not look."""
    for folder in sorted({key.split("/", 1)[0] for key in ledger.store.list("") if "/" in key} - FOLDERS):
        raise RecordTooNew(
            f"it holds {folder}/, which this Skylift does not know",
            who=ledger.store.uri,
            fix="Upgrade skylift.",
        )


def _read(
    ledger: Ledger, model: type[AnyRecord], wanted: Iterable[str], fix: str = "Restore it."
) -> Iterator[tuple[str, AnyRecord]]:
    found = list(wanted)
    for key, data in zip(found, ledger.store.get_many(found), strict=True):
        if data is None:
            continue  # deleted since it was listed
        try:
            yield key, parse(model, data, key)
        except DamagedObject as error:
            raise DamagedObject(f"{error.what}, so what it needs is not known", who=key, fix=fix) from error


def _runs(ledger: Ledger, found: Reached) -> None:
    """A folder without a record is what a deletion left, unless the index still has the run."""
    listed = ledger.store.list(keys.RUNS)
    ids = {key.split("/")[1] for key in listed if key.count("/") > 1}
    written = set(listed)
    there = sorted(one for one in ids if keys.run(one) in written)
    indexed = {keys.run_of_index(key) for key in ledger.store.list(keys.INDEX) if keys.is_index(key)}
    for run_id in sorted((indexed | ids) - set(there)):
        _missing(ledger, run_id, found, is_indexed=run_id in indexed)
    for _, record in _read(ledger, RunRecord, map(keys.run, there), "Delete it: skylift runs delete ID"):
        found.runs.add(record.run_id)
        found.snapshots.add(record.snapshot)
        if record.submission_id:
            found.submissions.add(record.submission_id)
    results = (key for key in listed if key.endswith("/result.json") and key.split("/")[1] in set(there))
    for _, result in _read(ledger, ResultRecord, results, "Restore it, or delete its run."):
        found.artifacts.update(ref.digest for ref in result.outputs.values())
    calls = (key for key in listed if key.split("/")[2:3] == ["calls"] and key.split("/")[1] in set(there))
    for _, call in _read(ledger, CallRecord, calls, "Restore it, or delete its run."):
        _given(found, call.step.spec.inputs)


def _given(found: Reached, inputs: Mapping[str, object]) -> None:
    """The values that a dynamic pipeline's own code made for a step."""
    found.artifacts.update(given.digest for given in inputs.values() if isinstance(given, ArtifactRef))


def _missing(ledger: Ledger, run_id: str, found: Reached, *, is_indexed: bool) -> None:
    if not is_indexed:
        found.remains.add(run_id)
    elif not ledger.store.exists(keys.run(run_id)):  # else it has begun since runs were listed
        raise DamagedObject(
            "it is missing, so what its run needs is not known",
            who=keys.run(run_id),
            fix=f"Restore it, or delete the run: skylift runs delete {run_id}",
        )


def _submissions(ledger: Ledger, found: Reached, oldest: datetime) -> None:
    """Those that are no run yet, as far as they are young."""
    stored = {one.key: one for one in ledger.store.stored("submissions")}
    waiting = [
        key
        for key, one in stored.items()
        if key.endswith("/request.json")
        and one.modified >= oldest
        and keys.submitted_run(key.split("/")[1]) not in stored
    ]
    for _, request in _read(ledger, Request, waiting):
        found.submissions.add(request.submission_id)
        found.snapshots.add(request.snapshot)


def _schedules(ledger: Ledger, found: Reached, oldest: datetime) -> None:
    """Every revision of those that stand: executions of a former one may still begin."""
    listed = [key for key in ledger.store.list(keys.SCHEDULES) if keys.revision_of(key) is not None]
    rows: dict[str, list[tuple[int, ScheduleRecord]]] = {}
    for key, record in _read(ledger, ScheduleRecord, listed):
        rows.setdefault(key.rpartition("/")[0], []).append((keys.revision_of(key) or 0, record))
    for row in rows.values():
        newest = max(row, key=lambda numbered: numbered[0])[1]
        if not newest.is_deleted or newest.writer.time >= oldest:
            found.snapshots.update(record.schedule.snapshot for _, record in row)
    found.submissions |= deployed(ledger)


def _cache(ledger: Ledger, found: Reached, oldest: datetime, wanted_since: datetime | None) -> None:
    """Entries that do not expire, or did so less than a grace ago: a run may have taken one of these.

    Of those that are not wanted any longer a run may have one as well. What it took is young by
    then (`artifacts.take`), or reached by its own records.
    """
    entries = dict(_cache_entries(ledger, found))
    newest: dict[str, datetime] = {}
    for key, entry in entries.items():
        folder = key.rpartition("/")[0]
        newest[folder] = max(newest.get(folder, entry.since), entry.since)
    for key, entry in entries.items():
        is_unwanted = wanted_since is not None and newest[key.rpartition("/")[0]] < wanted_since
        if is_unwanted or (entry.expires is not None and entry.expires < oldest):
            found.dropped.add(key)
        else:
            found.artifacts.update(ref.digest for ref in entry.outputs.values())


def _cache_entries(ledger: Ledger, found: Reached) -> Iterator[tuple[str, CacheEntry]]:
    """Revisions that can be read; nobody takes outputs from another, so that is dropped."""
    listed = [key for key in ledger.store.list("cache") if keys.revision_of(key) is not None]
    for key, data in zip(listed, ledger.store.get_many(listed), strict=True):
        if data is None:
            continue  # deleted since it was listed
        try:
            yield key, parse(CacheEntry, data, key)
        except DamagedObject:
            found.dropped.add(key)


def _snapshot(ledger: Ledger, found: Reached, digest: str) -> None:
    try:
        snapshot = ledger.snapshot(digest)
    except UNREADABLE as error:
        raise type(error)(
            f"{error.what}, so what it needs is not known",
            who=error.who,
            value=error.value,
            limit=error.limit,
            fix="Restore it, or delete what is of it: skylift runs delete, skylift schedule delete.",
        ) from error
    if snapshot.code:
        found.code.add(snapshot.code.digest)
    for bound in snapshot.bindings.values():
        found.artifacts.update(ref.digest for ref in bound.outputs.values())
    for call in snapshot.replay:
        _given(found, call.inputs)


def check_grace(grace: timedelta, least: timedelta) -> None:
    if grace < least:
        raise ConfigurationError(
            "what is younger may be part of a run that has not said so yet",
            who="--grace",
            value=f"{grace.total_seconds() / 3600:g} h",
            limit=f"at least {least.total_seconds() / 3600:g} h",
            fix="Leave it out, or give more.",
        )
