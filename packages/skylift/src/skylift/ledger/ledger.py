"""Writing and reading the records of one store.

Every object is created once and never changed; what changes in life is a row of revisions
of which the highest wins. So there is no lock, no update race, and nothing to mend when a
process dies between two writes.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic

from skylift.ledger import keys
from skylift.ledger.records import (
    UNREADABLE,
    AnyRecord,
    EndRecord,
    FailureRecord,
    Record,
    Request,
    ResultRecord,
    RunEndRecord,
    RunRecord,
    StartRecord,
    StopRecord,
    SubmittedRun,
    parse,
)
from skylift.ledger.schedule_record import ScheduleRecord
from skylift.store.location import LAYOUT
from skylift.store.objects import Outcome
from skylift_contract.enums import ExecutionStatus
from skylift_contract.errors import DamagedObject, RunIdError
from skylift_contract.snapshot import read_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from skylift.store.objects import ObjectStore
    from skylift_contract.snapshot import Binding, PipelineSnapshot
    from skylift_contract.status import AttemptEnd


_AGAIN: Final = "Submit the same source and parameters again: that stores it anew."


@dataclass(frozen=True, slots=True)
class Found(Generic[AnyRecord]):
    """Records of several steps, by invocation id; `unreadable`: why one that is there cannot be read."""

    records: Mapping[str, AnyRecord]
    unreadable: Mapping[str, str]


class Ledger:
    """The records in one object store."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    def put_snapshot(self, snapshot: PipelineSnapshot) -> None:
        self.store.put_content(keys.snapshot(snapshot.digest), snapshot.content)

    def snapshot(self, digest: str) -> PipelineSnapshot:
        """Raises `DamagedObject` when it is missing or its bytes are not the digest's."""
        key = keys.snapshot(digest)
        data = self.store.get(key)
        if data is None:
            raise DamagedObject(f"it is missing, at {self._place(key)}", who=f"snapshot {digest}", fix=_AGAIN)
        try:
            return read_snapshot(data, digest)
        except DamagedObject as error:
            what = f"{error.what}, at {self._place(key)}"
            raise DamagedObject(what, who=error.who, value=error.value, fix=f"Delete it. {_AGAIN}") from error

    def _place(self, key: str) -> str:
        return f"{self.store.uri}/{LAYOUT}/{key}"

    def artifact_uri(self, digest: str) -> str:
        """The folder that holds an artifact's record and, below `data/`, its files."""
        return self._place(keys.artifact(digest)).rstrip("/")

    def submit(self, request: Request) -> None:
        self.store.create(keys.request(request.submission_id), request.to_bytes())

    def link_submission(self, submission_id: str, run_id: str) -> str:
        """Say which run a submission became, or find it said: the run that stands is returned."""
        record = SubmittedRun(submission_id=submission_id, run_id=run_id)
        return self._create(record, keys.submitted_run(submission_id)).run_id

    def request(self, submission_id: str) -> Request | None:
        return self.read(Request, keys.request(submission_id))

    def run_of_submission(self, submission_id: str) -> str | None:
        found = self.read(SubmittedRun, keys.submitted_run(submission_id))
        return found.run_id if found else None

    def open_run(self, record: RunRecord) -> RunRecord:
        """Write a run's record, or find it written: the one that stands is returned.

        That of a nested pipeline is found through the run that it is part of, and not in the index.

        Raises `RunIdError` when it is of another snapshot: one orchestrator run ID was
        given to two runs.
        """
        key = keys.run(record.run_id)
        data = self.store.create(key, record.to_bytes()).data
        standing = parse(RunRecord, data, key)
        if standing.snapshot != record.snapshot:
            raise RunIdError(
                "one orchestrator run ID for two runs: its run was started from another snapshot",
                who=f"run {record.run_id}",
                value=record.orchestrator_run_id,
                fix="Each execution needs an ID of its own from the backend.",
            )
        if standing.parent is None:
            self.store.put_content(keys.index(standing.run_id, standing.created), data)
        if standing.submission_id:
            self.link_submission(standing.submission_id, standing.run_id)
        return standing

    def run(self, run_id: str) -> RunRecord | None:
        return self.read(RunRecord, keys.run(run_id))

    def claim(self, run_id: str, start: StartRecord) -> StartRecord:
        """Claim the first free attempt at or after the record's own number.

        An attempt that a lost call may have claimed, and that nobody ended, is simply passed by.
        """
        while True:
            claimed = self.store.create(
                keys.attempt_start(run_id, start.invocation_id, start.attempt), start.to_bytes()
            )
            if claimed.outcome is not Outcome.OTHERS:
                return start
            start = start.model_copy(update={"attempt": start.attempt + 1})

    def start(self, run_id: str, invocation_id: str, attempt: int) -> StartRecord | None:
        return self.read(StartRecord, keys.attempt_start(run_id, invocation_id, attempt))

    def end_attempt(self, run_id: str, end: EndRecord) -> None:
        self.store.create(
            keys.attempt_end(run_id, end.invocation_id, end.attempt, end.status), end.to_bytes()
        )

    def attempt_end(self, run_id: str, invocation_id: str, attempt: int, how: AttemptEnd) -> EndRecord | None:
        return self.read(EndRecord, keys.attempt_end(run_id, invocation_id, attempt, how))

    def commit(self, run_id: str, result: ResultRecord) -> bool:
        """Publish a result; False when another attempt's was there before."""
        created = self.store.create(keys.result(run_id, result.invocation_id), result.to_bytes())
        return created.outcome is not Outcome.OTHERS

    def result(self, run_id: str, invocation_id: str) -> ResultRecord | None:
        return self.read(ResultRecord, keys.result(run_id, invocation_id))

    def results(self, run_id: str, invocations: Iterable[str]) -> Found[ResultRecord]:
        """The results of those that have one."""
        return self.read_each(ResultRecord, {name: keys.result(run_id, name) for name in invocations})

    def origins(self, bindings: Mapping[str, Binding]) -> Found[ResultRecord]:
        """The results that bound invocations take theirs from, of those that are still there."""
        wanted = {name: keys.result(bound.run_id, bound.step_name) for name, bound in bindings.items()}
        return self.read_each(ResultRecord, wanted)

    def ends(self, run_id: str, attempts: Mapping[str, tuple[int, AttemptEnd]]) -> Found[EndRecord]:
        """The end of that attempt of each, of those that have one."""
        wanted = {
            name: keys.attempt_end(run_id, name, attempt, how) for name, (attempt, how) in attempts.items()
        }
        return self.read_each(EndRecord, wanted)

    def fail(self, run_id: str, failure: FailureRecord) -> None:
        """Add a revision that names what failed."""
        self._add(failure, keys.failures(run_id), lambda revision: keys.failed(run_id, revision))

    def failure(self, run_id: str, void: int = 0) -> FailureRecord | None:
        """The newest failure whose step has not committed since; None when there is none.

        `void`: so many of the first do not count, for the run was reopened after them.
        """
        for _, record in self._revisions(FailureRecord, self._numbered(keys.failures(run_id)), void):
            if not self.store.exists(keys.result(run_id, record.invocation_id)):
                return record
        return None

    def request_stop(self, run_id: str, stop: StopRecord) -> None:
        self._add(stop, keys.stops(run_id), lambda revision: keys.stop(run_id, revision))

    def stop_request(self, run_id: str, void: int = 0) -> StopRecord | None:
        """The newest; `void` as for `failure`."""
        found = self._numbered(keys.stops(run_id))
        return next((record for _, record in self._revisions(StopRecord, found, void)), None)

    def seal(self, run_id: str, end: RunEndRecord) -> RunEndRecord:
        """Close a run that is open; the end that stands is returned."""
        revision, standing = self._ends(run_id)
        if standing and not standing.is_open:
            return standing
        return self.add_end(run_id, revision, end)

    def add_end(self, run_id: str, revision: int, end: RunEndRecord) -> RunEndRecord:
        """Write a revision of the run's end, or find another's there; the one that stands is returned."""
        return self._create(end, keys.end(run_id, revision))

    def reopen(self, run_id: str) -> RunEndRecord | None:
        """A repaired execution goes on in a run that had ended; the end that stands is returned."""
        revision, standing = self._ends(run_id)
        if standing is None or standing.is_open:
            return standing
        again = RunEndRecord(
            status=ExecutionStatus.RUNNING,
            reason="the execution was repaired",
            void_failures=self._next_revision(keys.failures(run_id)),
            void_stops=self._next_revision(keys.stops(run_id)),
        )
        return self.add_end(run_id, revision, again)

    def newest_end(self, run_id: str) -> tuple[int, RunEndRecord] | None:
        """The highest revision that can be read, and its number."""
        return next(self._revisions(RunEndRecord, self._numbered(keys.ends(run_id))), None)

    def _ends(self, run_id: str) -> tuple[int, RunEndRecord | None]:
        """The number of the next revision, and the record that stands."""
        found = self._numbered(keys.ends(run_id))
        newest = next(self._revisions(RunEndRecord, found), None)
        return found[-1][0] + 1 if found else 0, newest[1] if newest else None

    def end(self, run_id: str, revision: int) -> RunEndRecord | None:
        return self.read(RunEndRecord, keys.end(run_id, revision))

    def listing(self, run_id: str) -> keys.RunListing:
        """One listing that tells how every step of the run stands; logs are left out."""
        folders = (keys.ends(run_id), keys.failures(run_id), keys.stops(run_id), keys.steps(run_id))
        return keys.read_run_listing(run_id, [key for folder in folders for key in self.store.list(folder)])

    def put_schedule(self, record: ScheduleRecord) -> None:
        """Add a revision of a deployed schedule; the highest is how it stands."""
        name = record.schedule.name
        self._add(record, keys.schedule_folder(name), lambda revision: keys.schedule(name, revision))

    def schedule_revisions(self, name: str) -> Iterator[ScheduleRecord]:
        """How a schedule stands, and stood, newest first; none when there never was one."""
        found = self._numbered(keys.schedule_folder(name))
        return (record for _, record in self._revisions(ScheduleRecord, found))

    def step_listing(self, run_id: str, invocation_id: str) -> keys.StepListing:
        """What the keys below one step say."""
        found = self.store.list(keys.step_folder(run_id, invocation_id))
        listing = keys.read_run_listing(run_id, found)
        return next(iter(listing.steps.values()), keys.StepListing(committed=False, attempts={}))

    def read(self, model: type[AnyRecord], key: str) -> AnyRecord | None:
        """What stands under a key; None where nothing does."""
        data = self.store.get(key)
        return None if data is None else parse(model, data, key)

    def read_each(self, model: type[AnyRecord], wanted: Mapping[str, str]) -> Found[AnyRecord]:
        """What stands under the keys of a mapping of names to keys."""
        records, unreadable = dict[str, AnyRecord](), dict[str, str]()
        found = self.store.get_many(wanted.values())
        for (name, key), data in zip(wanted.items(), found, strict=True):
            try:
                if data is not None:
                    records[name] = parse(model, data, key)
            except UNREADABLE as error:
                unreadable[name] = str(error)
        return Found(records, unreadable)

    def _create(self, record: AnyRecord, key: str) -> AnyRecord:
        created = self.store.create(key, record.to_bytes())
        if created.outcome is not Outcome.OTHERS:
            return record
        return parse(type(record), created.data, key)

    def _add(self, record: Record, folder: str, key: Callable[[int], str]) -> None:
        """Write the next revision, whoever else writes one at this moment."""
        revision = self._next_revision(folder)
        while self.store.create(key(revision), record.to_bytes()).outcome is Outcome.OTHERS:
            revision += 1

    def _next_revision(self, folder: str) -> int:
        return max((number for number, _ in self._numbered(folder)), default=-1) + 1

    def _numbered(self, folder: str) -> list[tuple[int, str]]:
        found = [(keys.revision_of(key), key) for key in self.store.list(folder)]
        return sorted((number, key) for number, key in found if number is not None)

    def _revisions(
        self, model: type[AnyRecord], found: list[tuple[int, str]], void: int = 0
    ) -> Iterator[tuple[int, AnyRecord]]:
        """Newest first, from revision `void` on; one that is damaged is passed over."""
        for number, key in reversed(found):
            if number < void:
                return
            with suppress(DamagedObject):
                if record := self.read(model, key):
                    yield number, record
